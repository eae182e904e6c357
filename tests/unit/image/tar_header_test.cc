// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/tar_header.h"

#include <doctest/doctest.h>

#include "tar_fixture.h"

using namespace docker_sync;

namespace {

Bytes rendered(const TarHeader& header) {
  Bytes block(kTarBlock, 0xff);
  render_header(header, block);
  return block;
}

TarHeader sample() {
  TarHeader header;
  header.name = "usr/bin/true";
  header.link = "false";
  header.user = "root";
  header.group = "staff";
  header.mode = 04755;
  header.uid = 1;
  header.gid = 50;
  header.size = 42;
  header.mtime = 1700000000;
  header.type = '2';
  return header;
}

std::string field(const Bytes& block, size_t offset, size_t size) {
  return {block.begin() + static_cast<std::ptrdiff_t>(offset),
          block.begin() + static_cast<std::ptrdiff_t>(offset + size)};
}

}  // namespace

TEST_CASE("a header is written as GNU tar writes it") {
  const Bytes block = rendered(sample());
  CHECK(field(block, 0, 13) == std::string("usr/bin/true\0", 13));
  CHECK(field(block, 100, 8) == std::string("0004755\0", 8));
  CHECK(field(block, 108, 8) == std::string("0000001\0", 8));
  CHECK(field(block, 116, 8) == std::string("0000062\0", 8));
  CHECK(field(block, 124, 12) == std::string("00000000052\0", 12));
  CHECK(field(block, 136, 12) == std::string("14524770400\0", 12));
  CHECK(field(block, 156, 1) == "2");
  CHECK(field(block, 157, 6) == std::string("false\0", 6));
  CHECK(field(block, 257, 8) == std::string("ustar  \0", 8));
  CHECK(field(block, 265, 5) == std::string("root\0", 5));
  CHECK(field(block, 297, 6) == std::string("staff\0", 6));
  uint64_t sum = 8 * ' ';
  for (size_t i = 0; i < kTarBlock; ++i) sum += i >= 148 && i < 156 ? 0 : block[i];
  char checksum[9];
  std::snprintf(checksum, sizeof checksum, "%06o", static_cast<unsigned>(sum));
  CHECK(field(block, 148, 8) == std::string(checksum) + std::string("\0 ", 2));
}

TEST_CASE("a header comes back from its block in every style") {
  for (const auto magic : {HeaderStyle::Magic::none, HeaderStyle::Magic::posix, HeaderStyle::Magic::gnu}) {
    for (const bool spaced : {false, true}) {
      TarHeader header = sample();
      header.style = {magic, spaced, magic == HeaderStyle::Magic::none};
      if (magic == HeaderStyle::Magic::none) header.user = header.group = "";
      if (magic == HeaderStyle::Magic::posix) header.prefix = "some/where";
      const Bytes block = rendered(header);
      const auto again = parse_header(block);
      REQUIRE(again);
      CHECK(again->style == header.style);
      CHECK(again->path() == header.path());
      CHECK(again->link == header.link);
      CHECK(again->user == header.user);
      CHECK(again->group == header.group);
      CHECK(again->mode == header.mode);
      CHECK(again->gid == header.gid);
      CHECK(again->size == header.size);
      CHECK(again->mtime == header.mtime);
      CHECK(rendered(*again) == block);
    }
  }
}

TEST_CASE("sizes beyond octal are base-256") {
  for (const uint64_t size : {uint64_t{077777777777}, uint64_t{0100000000000}, uint64_t{1} << 40, UINT64_MAX}) {
    TarHeader header = sample();
    header.size = size;
    const Bytes block = rendered(header);
    CHECK((block[124] == 0x80) == (size > 077777777777));
    CHECK(parse_header(block)->size == size);
  }
}

TEST_CASE("texts may fill their fields") {
  TarHeader header = sample();
  header.style.magic = HeaderStyle::Magic::posix;
  header.name = std::string(kTarName, 'n');
  header.link = std::string(kTarLink, 'l');
  header.user = std::string(kTarUser, 'u');
  header.group = std::string(kTarGroup, 'g');
  header.prefix = std::string(kTarPrefix, 'p');
  const auto again = parse_header(rendered(header));
  REQUIRE(again);
  CHECK(again->path() == header.prefix + "/" + header.name);
  CHECK(again->link == header.link);
  CHECK(again->user == header.user);
  CHECK(again->group == header.group);
}

TEST_CASE("a block with any byte changed is no header or another one") {
  const Bytes block = rendered(sample());
  for (size_t i = 0; i < kTarBlock; ++i) {
    Bytes damaged = block;
    damaged[i] ^= 1;
    const auto header = parse_header(damaged);
    CAPTURE(i);
    // Only the blanks around the checksum itself may change: it reads the same then.
    CHECK((!header || (i >= 148 && i < 156)));
  }
}

TEST_CASE("zeros and noise are no headers") {
  CHECK_FALSE(parse_header(Bytes(kTarBlock, 0)));
  CHECK_FALSE(parse_header(Bytes(kTarBlock, ' ')));
  CHECK_FALSE(parse_header(Bytes(kTarBlock, 0xff)));
}

TEST_CASE("all headers of GNU tar and libarchive are rebuilt to the byte") {
  const SampleTree tree;
  for (const Bytes& tar :
       {tree.gnu_tar({"--format=ustar", "--exclude=./" + std::string(90, 'd'), "--exclude=./etc/long-link"}),
        tree.gnu_tar({"--format=gnu"}), tree.gnu_tar({"--format=posix"}), libarchive_tar("ustar"),
        libarchive_tar("pax"), libarchive_tar("gnutar")}) {
    size_t headers = 0;
    for (size_t at = 0; at + kTarBlock <= tar.size(); at += kTarBlock) {
      const ByteView block = ByteView(tar).subspan(at, kTarBlock);
      const auto header = parse_header(block);
      if (!header) continue;
      ++headers;
      CAPTURE(header->path());
      CHECK(rendered(*header) == Bytes(block.begin(), block.end()));
    }
    CHECK(headers >= 5);
  }
}
