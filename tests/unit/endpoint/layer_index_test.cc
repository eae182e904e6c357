// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/layer_index.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

Bytes encode(const LayerIndex& index) {
  MemorySink sink;
  put_layer_index(sink, index);
  return std::move(sink.bytes());
}

LayerIndex decode(ByteView bytes) {
  MemorySource source(bytes);
  RecordReader records(source);
  return get_layer_index(records);
}

/// Enough entries for several groups.
Bytes many_files(size_t count) {
  Bytes layer = tar_folder("usr/");
  for (size_t i = 0; i < count; ++i) {
    const Bytes file = tar_file("usr/lib/lib" + std::to_string(i) + "-1.2.so", std::string(i % 1500, 'x'));
    layer.insert(layer.end(), file.begin(), file.end());
  }
  return layer + tar_end();
}

/// What splitting says of the layer, one piece after the other.
void check_index(const Bytes& layer) {
  const MemoryFile tar(layer);
  const LayerIndex index = index_layer(tar);
  CHECK(index.tar_bytes == layer.size());
  size_t piece_number = 0;
  auto file = index.files.begin();
  split_layer(tar, [&](Piece&& piece) {
    CHECK(index.contents.at(piece_number) == LayerIndex::Content{piece.content_offset, piece.content_size});
    ++piece_number;
    if (piece.content_size == 0) return;
    REQUIRE(file != index.files.end());
    CHECK(file->key == path_key(piece.path));
    CHECK(file->hash == content_hash(ByteView(layer).subspan(static_cast<size_t>(piece.content_offset),
                                                             static_cast<size_t>(piece.content_size))));
    ++file;
  });
  CHECK(piece_number == index.contents.size());
  CHECK(file == index.files.end());
  CHECK(index.group_begins.size() == index.group_names.size());
  CHECK(decode(encode(index)) == index);
}

}  // namespace

TEST_CASE("an index says what splitting and hashing say, and comes back as it was") {
  check_index({});
  check_index(tar_file("a", "one file") + tar_end());
  check_index(many_files(500));
  check_index(bytes_of("no tar at all"));
  check_index(tar_file("cut", std::string(5000, 'c')));
  check_index(libarchive_tar("pax"));
  check_index(go_long_file(std::string(300, 'l'), "long") + tar_end());
  check_index(SampleTree().gnu_tar({"--format=gnu", "--sparse"}));
  check_index(Bytes(3 << 20) + tar_file("behind", "the end"));
}

TEST_CASE("the index of a layer is what it was: if this fails, raise kLayerIndexVersion") {
  const Bytes encoded = encode(index_layer(MemoryFile(many_files(100))));
  CHECK(kLayerIndexVersion == 1);
  CHECK(encoded.size() == 3509);
  CHECK(to_hex(content_hash(encoded).bytes) == "c915b656e1a43882aa372ed4717a3b77");
}

TEST_CASE("an index that ends too early is refused, wherever it ends") {
  const Bytes whole = encode(index_layer(MemoryFile(many_files(40))));
  for (size_t size = 0; size < whole.size(); ++size) {
    CHECK_THROWS_AS((void)decode(ByteView(whole).first(size)), const Error&);
  }
}

TEST_CASE("a damaged index is refused, or lies within its layer") {
  const Bytes layer = many_files(40);
  const Bytes whole = encode(index_layer(MemoryFile(layer)));
  size_t refused = 0;
  mutate(whole, 3000, [&](const Bytes& bytes) {
    try {
      const LayerIndex index = decode(bytes);
      uint64_t end = 0;
      for (const LayerIndex::Content& content : index.contents) {
        CHECK(content.offset >= end);
        CHECK(content.offset - end <= 2 * kMaxGap);
        CHECK(content.size <= index.tar_bytes - content.offset);
        end = content.offset + content.size;
      }
      CHECK(end == index.tar_bytes);
      CHECK(index.group_names.size() == index.group_begins.size());
      for (const uint32_t begin : index.group_begins) CHECK(begin < index.contents.size());
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::protocol);
      ++refused;
    }
  });
  CHECK(refused > 0);
}

TEST_CASE("more than an index may hold is refused before it is read") {
  const auto refused = [](uint64_t tar_bytes, uint64_t pieces, uint64_t groups, uint64_t gap, uint64_t size) {
    MemorySink sink;
    for (const uint64_t value : {tar_bytes, pieces, groups, gap, size}) put_integer(sink, value);
    sink.write(Bytes(1000));
    CHECK_THROWS_AS((void)decode(sink.bytes()), const Error&);
  };
  refused(1000, kMostIndexedPieces + 1, 1, 512, 488);
  refused(1000, 1, 2, 512, 488);
  refused(1000, 1, 1, 512, 489);
  refused(1000, 1, 1, 1001, 0);
  refused(1000, 1, 1, UINT64_MAX, 1001);
  refused(uint64_t{1} << 40, 1, 1, 2 * kMaxGap + 1, 488);
}
