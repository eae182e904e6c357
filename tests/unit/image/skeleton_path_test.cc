// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "image/skeleton.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

/// The tar of one file of 5 bytes, up to them.
Bytes gap_of(Bytes tar) {
  tar.resize(tar.size() - kTarBlock);
  return tar;
}

Bytes pax_file(const std::string& records) {
  TarHeader pax;
  pax.type = 'x';
  return gap_of(tar_entry(pax, records) + tar_file("short", "12345"));
}

}  // namespace

TEST_CASE("the path is that of the last header, without root") {
  CHECK(content_path(gap_of(tar_file("etc/passwd", "12345"))) == "etc/passwd");
  CHECK(content_path(gap_of(tar_file("./etc/passwd", "12345"))) == "etc/passwd");
  CHECK(content_path(gap_of(tar_file("/./etc/passwd", "12345"))) == "etc/passwd");
  CHECK(content_path(gap_of(tar_folder("a/") + tar_file("b", "") + tar_file("c", "12345"))) == "c");
  CHECK(content_path(Bytes(7) + gap_of(tar_file("behind padding", "12345"))) == "behind padding");
}

TEST_CASE("long paths are found where their writers put them") {
  const std::string path = std::string(90, 'a') + "/" + std::string(90, 'b');
  TarHeader posix;
  posix.style.magic = HeaderStyle::Magic::posix;
  posix.prefix = std::string(90, 'a');
  posix.name = std::string(90, 'b');
  CHECK(content_path(gap_of(tar_entry(posix, "12345"))) == path);
  TarHeader gnu;
  gnu.type = 'L';
  gnu.name = "././@LongLink";
  CHECK(content_path(gap_of(tar_entry(gnu, path + std::string(1, '\0')) + tar_file(path.substr(0, 100), "12345"))) ==
        path);
  CHECK(content_path(gap_of(go_long_file(path, "12345"))) == path);
}

TEST_CASE("only the path among pax records counts, and only sound records") {
  CHECK(content_path(pax_file("12 mtime=12\n11 path=ab\n14 comment=xy\n")) == "ab");
  CHECK(content_path(pax_file("19 GNU.sparse.name=\n11 path=ab\n")) == "short");
  for (const char* records : {"", "x", "99 path=ab\n", "0 path=ab\n", "1 path=ab\n", "11path=ab\n", "11 pathx=b\n",
                              "-1 path=ab\n", "99999999999999999999999 path=ab\n", "11 path=\n"}) {
    CAPTURE(records);
    CHECK(content_path(pax_file(records)) == "short");
  }
}

TEST_CASE("a gap that ends in no file's header has no path") {
  CHECK(content_path({}) == "");
  CHECK(content_path(Bytes(100)) == "");
  CHECK(content_path(tar_folder("a/")) == "");
  CHECK(content_path(tar_file("a", "") + tar_end()) == "");
  CHECK(content_path(Bytes(5000, 0xee)) == "");
}

TEST_CASE("a path told for an entry before does not stick to the next") {
  TarHeader pax;
  pax.type = 'x';
  CHECK(content_path(gap_of(tar_entry(pax, "11 path=ab\n") + tar_file("x", "") + tar_file("next", "12345"))) == "next");
}
