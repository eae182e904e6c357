// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/entry_group.h"

#include <doctest/doctest.h>

#include <set>
#include <utility>

#include "tar_fixture.h"

using namespace docker_sync;

namespace {

struct Grouped {
  std::vector<ShortHash> names;
  std::vector<size_t> pieces;
};

Grouped groups_of(const Bytes& layer) {
  Grouped grouped;
  GroupCutter cutter;
  size_t pieces = 0;
  const auto end = [&] {
    grouped.names.push_back(cutter.end());
    grouped.pieces.push_back(std::exchange(pieces, 0));
  };
  split_layer(MemoryFile(layer), [&](Piece&& piece) {
    const ByteView content =
        ByteView(layer).subspan(static_cast<size_t>(piece.content_offset), static_cast<size_t>(piece.content_size));
    ++pieces;
    if (cutter.add(piece, content_hash(content))) end();
  });
  if (pieces > 0) end();
  return grouped;
}

Bytes tree(size_t files, size_t without, uint64_t time, const std::string& content = "content") {
  Bytes layer;
  for (size_t i = 0; i < files; ++i) {
    if (i == without) continue;
    TarHeader header;
    header.name = "folder/file-" + std::to_string(i);
    header.mtime = time + i;
    layer = std::move(layer) + tar_entry(header, content + std::string(i % 700, 'x'));
  }
  return layer + tar_end();
}

constexpr size_t kNone = SIZE_MAX;

}  // namespace

TEST_CASE("groups have some thirty pieces, never more than 128, and do not depend on times") {
  const Grouped a = groups_of(tree(3000, kNone, 1)), b = groups_of(tree(3000, kNone, 1'000'000));
  CHECK(a.names == b.names);
  CHECK(a.names.size() > 60);
  CHECK(a.names.size() < 140);
  for (const size_t pieces : a.pieces) CHECK(pieces <= 128);
  CHECK(std::set<ShortHash>(a.names.begin(), a.names.end()).size() == a.names.size());
}

TEST_CASE("a file that goes changes its own group, wherever it stood") {
  const Grouped whole = groups_of(tree(2000, kNone, 1));
  const std::set<ShortHash> known(whole.names.begin(), whole.names.end());
  for (const size_t gone : {size_t{0}, size_t{1}, size_t{777}, size_t{1998}, size_t{1999}}) {
    size_t unknown = 0;
    for (const ShortHash name : groups_of(tree(2000, gone, 1)).names) unknown += known.contains(name) ? 0 : 1;
    CHECK(unknown <= 2);
  }
}

TEST_CASE("another content, mode or size is another group") {
  TarHeader header;
  header.name = "f";
  const auto name = [&](const std::string& content) { return groups_of(tar_entry(header, content)).names.at(0); };
  const ShortHash before = name("one");
  CHECK(name("two") != before);
  CHECK(name("one ") != before);
  header.mode = 0755;
  CHECK(name("one") != before);
}

TEST_CASE("a group whose first padding is odd has no name") {
  Bytes layer;
  std::string first = "a";
  // A path whose hash ends the group, so that the next piece begins one.
  while ((content_hash(as_bytes(first)).bytes[0] & 31) != 0) first += "a";
  layer = tar_file(first, "1") + tar_file("b", "2");
  CHECK(groups_of(layer).names.size() == 2);
  CHECK(groups_of(layer).names[1] != kNoGroup);
  layer[512 + 100] = 'x';
  CHECK(groups_of(layer).names[1] == kNoGroup);
}

TEST_CASE("a group is found where it is expected, else in the topmost layer") {
  KnownGroups known(3);
  known.set(2, {7, 8});
  known.set(0, {5, 7, kNoGroup});
  known.set(1, {8, 9, 9});
  CHECK(known.find(7, {0, 1}) == GroupPlace{0, 1});
  CHECK(known.find(7, {0, 0}) == GroupPlace{2, 0});
  CHECK(known.find(8, {9, 9}) == GroupPlace{2, 1});
  CHECK(known.find(9, {0, 0}) == GroupPlace{1, 1});
  CHECK_FALSE(known.find(6, {0, 0}).has_value());
  CHECK_FALSE(known.find(kNoGroup, {0, 2}).has_value());
}
