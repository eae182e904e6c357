// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/skeleton.h"

#include <doctest/doctest.h>

#include "base/compression.h"
#include "base/error.h"
#include "base/hash.h"
#include "fuzz/image_properties.h"
#include "image/columns.h"
#include "image/layer_split.h"
#include "image/skeleton_format.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

constexpr size_t kAmple = 64 << 20;

std::vector<SkeletonEntry> skeleton_of(const Bytes& layer) {
  std::vector<SkeletonEntry> entries;
  split_layer(MemoryFile(layer), [&](Piece&& piece) { entries.push_back({std::move(piece.gap), piece.content_size}); });
  return entries;
}

size_t bytes_of_all(const std::vector<SkeletonEntry>& entries) {
  size_t size = 0;
  for (const SkeletonEntry& entry : entries) size += sizeof entry + entry.gap.size();
  return size;
}

bool is_refused(ByteView block, size_t limit = kAmple) {
  try {
    (void)decode_skeleton(block, limit);
  } catch (const Error& error) {
    return error.code() == ExitCode::protocol;
  }
  return false;
}

/// A block put together by hand, column by column.
class Block {
 public:
  explicit Block(uint64_t entries) : entries_(entries) {}
  ColumnWriter& operator[](skeleton::Column column) { return columns_[column]; }
  Block& item(skeleton::Item item, uint64_t place = 0) {
    columns_[skeleton::kItems].number(static_cast<uint64_t>(item) | place << skeleton::kItemBits);
    return *this;
  }
  Block& content_size(uint64_t size) {
    columns_[skeleton::kSizeLow].byte(static_cast<uint8_t>(size));
    columns_[skeleton::kSizeMiddle].byte(static_cast<uint8_t>(size >> 8));
    columns_[skeleton::kSizeHigh].number(size >> 16);
    return *this;
  }
  [[nodiscard]] Bytes bytes() const {
    ColumnWriter block;
    block.number(entries_);
    for (const ColumnWriter& column : columns_) block.number(column.bytes().size());
    for (const ColumnWriter& column : columns_) block.raw(column.bytes());
    return block.take();
  }

 private:
  uint64_t entries_;
  ColumnWriter columns_[skeleton::kColumns];
};

/// One entry without content whose gap is one plain header.
Block header_block(std::string_view path, uint64_t prefix, uint64_t attributes = 0, uint64_t time = 0) {
  using namespace skeleton;
  Block block(1);
  block.content_size(0).item(Item::file_header, attributes);
  for (const uint8_t byte : {uint8_t{1}, uint8_t{0}, uint8_t{0}, uint8_t{'0'}, uint8_t{0}})
    block[kNewAttributes].byte(byte);
  for (int i = 0; i < 5; ++i) block[kNewAttributes].number(0);
  block[kNewAttributes].text("root");
  block[kNewAttributes].text("root");
  block[kTimes].number(time);
  block[kNewTimes].difference(1700000000, 0);
  block[kShared].difference(0, 0);
  block[kPaths].text(path);
  block[kPrefixes].difference(prefix, guess_prefix(path));
  return block;
}

Bytes typical_layer() {
  Bytes layer = tar_folder("etc/");
  for (int i = 0; i < 40; ++i)
    layer = std::move(layer) + tar_file("etc/file" + std::to_string(i), std::string(1 + i * 37 % 900, 'x'));
  TarHeader link;
  link.name = "etc/link";
  link.link = "file1";
  link.type = '2';
  return std::move(layer) + tar_entry(link) + go_long_file(std::string(101, 'p') + "/q", "long") +
         tar_file("z", "end") + tar_end();
}

}  // namespace

TEST_CASE("skeletons of every kind of tar come back as they were") {
  const SampleTree tree;
  for (const Bytes& layer :
       {typical_layer(), tree.gnu_tar({"--format=gnu"}), tree.gnu_tar({"--format=posix"}),
        tree.gnu_tar({"--format=oldgnu", "--sparse"}), tree.gnu_tar({"--format=posix", "--sparse"}),
        libarchive_tar("ustar"), libarchive_tar("pax"), libarchive_tar("v7")}) {
    const std::vector<SkeletonEntry> entries = skeleton_of(layer);
    CHECK(decode_skeleton(encode_skeleton(entries), kAmple) == entries);
  }
}

TEST_CASE("gaps that are no tar come back as they were") {
  const Bytes noise(1000, 0xee), zeros(5000, 0);
  for (const std::vector<SkeletonEntry>& entries :
       std::vector<std::vector<SkeletonEntry>>{{},
                                               {{}},
                                               {{{}, 1}, {{}, UINT64_MAX}},
                                               {{noise, 3}, {noise, 700}, {zeros, 0}},
                                               {{zeros, 5}, {{0}, 0}, {{0, 0, 1}, 9}},
                                               {{noise + tar_file("a", "") + noise, 0}},
                                               {{tar_file("a", ""), 5}},
                                               {{tar_entry([] {
                                                   TarHeader h;
                                                   h.type = 'x';
                                                   return h;
                                                 }()),
                                                 0}}}) {
    CHECK_NOTHROW(fuzz::check_round_trip(entries));
  }
}

TEST_CASE("a block that begins within a layer is coded as well as one that begins it") {
  std::vector<SkeletonEntry> entries = skeleton_of(typical_layer());
  const size_t whole = encode_skeleton(entries).size();
  const std::span<const SkeletonEntry> all = entries;
  const size_t parts = encode_skeleton(all.first(20)).size() + encode_skeleton(all.subspan(20)).size();
  CHECK(parts < whole + 700);  // 511 zeros of padding in the middle, and what columns cost
}

TEST_CASE("a typical block is this one to the byte") {
  // The encoding of typical_layer(). A change of it is no harm, both sides are one program: but it shall be meant.
  const Bytes block = encode_skeleton(skeleton_of(typical_layer()));
  CHECK(block.size() == 624);
  CHECK(to_hex(sha256(block)) == "18fd2ba772d4e7f70c9ca3fb653ccdd84e216ec331a755dd5cd81221f25884d0");
}

TEST_CASE("a header by hand is what it says") {
  const std::vector<SkeletonEntry> entries = decode_skeleton(header_block("usr/bin/true", 3).bytes(), kAmple);
  REQUIRE(entries.size() == 1);
  const auto header = parse_header(entries[0].gap);
  REQUIRE(header);
  CHECK(header->prefix == "usr");
  CHECK(header->name == "bin/true");
  CHECK(header->user == "root");
  CHECK(header->mtime == 1700000000);
}

TEST_CASE("values that lead nowhere are protocol errors") {
  using namespace skeleton;
  CHECK(is_refused(header_block("usr/bin/true", 4).bytes()));   // no slash there
  CHECK(is_refused(header_block("usr/bin/true", 12).bytes()));  // nothing behind
  CHECK(is_refused(header_block("usr/bin/true", UINT64_MAX).bytes()));
  CHECK(is_refused(header_block(std::string(kTarName + 1, 'n'), 0).bytes()));                        // too long a name
  CHECK(is_refused(header_block(std::string(kTarPrefix + 1, 'p') + "/n", kTarPrefix + 1).bytes()));  // and prefix
  CHECK(is_refused(header_block(std::string(kMaxPath + 1, 'p'), 0).bytes()));
  CHECK(is_refused(header_block("a", 0, 1).bytes()));     // no such attributes
  CHECK(is_refused(header_block("a", 0, 0, 1).bytes()));  // nor time
  Block styled = header_block("a", 0);
  styled[kNewAttributes] = ColumnWriter();
  styled[kNewAttributes].byte(3);
  CHECK(is_refused(styled.bytes()));
  Block shared = header_block("a", 0);
  shared[kShared] = ColumnWriter();
  shared[kShared].difference(1, 0);
  CHECK(is_refused(shared.bytes()));
  Block surplus = header_block("a", 0);
  surplus[kRaw].byte(0);
  CHECK(is_refused(surplus.bytes()));
  CHECK(is_refused(Block(1).bytes()));
  Block late(1);
  late.content_size(0).item(Item::raw).item(Item::unpadded).item(Item::end);
  late[kCounts].number(0);
  CHECK(is_refused(late.bytes()));
  Block immense(1);
  immense[kSizeLow].byte(0);
  immense[kSizeMiddle].byte(0);
  immense[kSizeHigh].number(uint64_t{1} << 48);
  immense.item(Item::end);
  CHECK(is_refused(immense.bytes()));
  CHECK_FALSE(is_refused(header_block("a", 0).bytes()));
}

TEST_CASE("counts beyond the limit are refused before anything is allocated") {
  using namespace skeleton;
  CHECK(is_refused(Block(UINT64_MAX).bytes()));
  CHECK(is_refused(Block(kAmple).bytes()));
  for (const uint64_t blocks : {uint64_t{1} << 20, UINT64_MAX / kTarBlock, UINT64_MAX}) {
    Block zeros(1);
    zeros.content_size(0).item(Item::zeros).item(Item::end);
    zeros[kCounts].number(blocks);
    CHECK(is_refused(zeros.bytes()));
  }
  Bytes column_size = {0};
  for (int i = 0; i < 10; ++i) column_size.push_back(0xff);
  CHECK(is_refused(column_size));
}

TEST_CASE("the limit counts gaps and entries, to the byte") {
  const std::vector<SkeletonEntry> entries = skeleton_of(typical_layer());
  const Bytes block = encode_skeleton(entries);
  CHECK(decode_skeleton(block, bytes_of_all(entries)) == entries);
  CHECK(is_refused(block, bytes_of_all(entries) - 1));
  CHECK(is_refused(block, 0));
}

TEST_CASE("every truncation of a block is a protocol error") {
  const Bytes block = encode_skeleton(skeleton_of(typical_layer()));
  for (size_t size = 0; size < block.size(); ++size) {
    CAPTURE(size);
    CHECK(is_refused(ByteView(block).first(size)));
  }
  CHECK(is_refused(block + Bytes{0}));
}

TEST_CASE("a damaged block is refused or decodes to something") {
  const SampleTree tree;
  const Bytes block = encode_skeleton(skeleton_of(typical_layer()));
  for (size_t i = 0; i < block.size() * 8; ++i) {
    Bytes damaged = block;
    damaged[i / 8] = static_cast<uint8_t>(damaged[i / 8] ^ 1U << i % 8);
    CHECK_NOTHROW(fuzz::check_skeleton_block(damaged));
  }
  CHECK_NOTHROW(mutate(block, 3000, [](const Bytes& bytes) { fuzz::check_skeleton_block(bytes); }));
  CHECK_NOTHROW(mutate(encode_skeleton(skeleton_of(tree.gnu_tar({"--format=posix"}))), 3000,
                       [](const Bytes& bytes) { fuzz::check_skeleton_block(bytes); }));
}

TEST_CASE("gaps cut and damaged anywhere come back as they were") {
  const SampleTree tree;
  const auto check = [](const Bytes& bytes) { fuzz::check_skeleton_gaps(bytes); };
  CHECK_NOTHROW(mutate(tree.gnu_tar({"--format=gnu", "--sparse", "--exclude=./large"}), 1000, check));
  CHECK_NOTHROW(mutate(typical_layer(), 1000, check));
}

TEST_CASE("an entry of a large layer costs few bytes, though all mtimes differ") {
  Bytes layer;
  for (int folder = 0; folder < 40; ++folder) {
    const std::string path = "usr/share/package" + std::to_string(folder * 7919 % 1000) + "/";
    layer = std::move(layer) + tar_folder(path);
    for (int file = 0; file < 50; ++file) {
      TarHeader header;
      header.name = path + "component" + std::to_string(file) + ".js";
      header.mode = 0644;
      header.mtime = 1700000000 + static_cast<uint64_t>(folder * 50 + file) * 3;
      header.user = header.group = "root";
      layer = std::move(layer) + tar_entry(header, std::string(static_cast<size_t>(1 + file * 911 % 400), 'x'));
    }
  }
  const std::vector<SkeletonEntry> entries = skeleton_of(layer + tar_end());
  CHECK(zstd_compress(encode_skeleton(entries), 3).size() < 2 * entries.size());
}
