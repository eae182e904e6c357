// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/layer_index.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "image/tar_header.h"

namespace docker_sync {

namespace {

template <typename Integer>
void put_fixed(Sink& sink, Integer value) {
  std::array<uint8_t, sizeof value> bytes;
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(value >> 8 * i);
  sink.write(bytes);
}

template <typename Integer>
[[nodiscard]] Integer get_fixed(RecordReader& records) {
  Integer value = 0;
  for (size_t i = 0; i < sizeof value; ++i) {
    value = static_cast<Integer>(value | static_cast<Integer>(records.byte()) << 8 * i);
  }
  return value;
}

void put_contents(Sink& sink, const LayerIndex& index) {
  uint64_t end = 0, size = 0;
  for (const LayerIndex::Content& content : index.contents) {
    // What is shorter than the padding that it begins with wraps round, and costs some bytes more.
    put_integer(sink, content.offset - end - tar_padding(size));
    size = content.size;
    end = content.offset + size;
  }
  for (const LayerIndex::Content& content : index.contents) put_integer(sink, content.size);
}

void get_contents(RecordReader& records, size_t pieces, LayerIndex& index) {
  for (size_t i = 0; i < pieces; ++i) index.contents.push_back({records.integer(), 0});
  uint64_t end = 0, size_before = 0;
  for (LayerIndex::Content& content : index.contents) {
    const uint64_t gap = content.offset + tar_padding(size_before);
    if (gap > 2 * kMaxGap || gap > index.tar_bytes - end) throw_protocol("a gap that is none");
    content.offset = end + gap;
    content.size = size_before = records.integer(index.tar_bytes - content.offset);
    end = content.offset + content.size;
  }
  if (end != index.tar_bytes) throw_protocol("contents that are not all of their layer");
}

void put_files(Sink& sink, const LayerIndex& index) {
  for (const LayerIndex::File& file : index.files) sink.write(file.hash.bytes);
  for (const LayerIndex::File& file : index.files) put_fixed(sink, file.key.path);
  for (const LayerIndex::File& file : index.files) put_fixed(sink, file.key.stripped ^ file.key.path);
  for (const LayerIndex::File& file : index.files) put_fixed(sink, file.key.name);
  for (const size_t folder : {0, 1}) {
    for (const LayerIndex::File& file : index.files) put_fixed(sink, file.key.folders[folder]);
  }
}

void get_files(RecordReader& records, LayerIndex& index) {
  for (const LayerIndex::Content& content : index.contents) {
    if (content.size > 0) records.read(index.files.emplace_back().hash.bytes);
  }
  for (LayerIndex::File& file : index.files) file.key.path = get_fixed<uint32_t>(records);
  for (LayerIndex::File& file : index.files) file.key.stripped = get_fixed<uint32_t>(records) ^ file.key.path;
  for (LayerIndex::File& file : index.files) file.key.name = get_fixed<uint32_t>(records);
  for (const size_t folder : {0, 1}) {
    for (LayerIndex::File& file : index.files) file.key.folders[folder] = get_fixed<uint16_t>(records);
  }
}

void put_groups(Sink& sink, const LayerIndex& index) {
  for (size_t i = 0; i < index.group_begins.size(); ++i) {
    const size_t end = i + 1 < index.group_begins.size() ? index.group_begins[i + 1] : index.contents.size();
    put_integer(sink, end - index.group_begins[i]);
  }
  for (const ShortHash name : index.group_names) put_fixed64(sink, name);
}

void get_groups(RecordReader& records, size_t groups, LayerIndex& index) {
  size_t begin = 0;
  for (size_t i = 0; i < groups; ++i) {
    const uint64_t pieces = records.integer(index.contents.size() - begin);
    if (pieces == 0) throw_protocol("a group of nothing");
    index.group_begins.push_back(static_cast<uint32_t>(begin));
    begin += static_cast<size_t>(pieces);
  }
  if (begin != index.contents.size()) throw_protocol("groups that are not all of their layer");
  for (size_t i = 0; i < groups; ++i) index.group_names.push_back(records.fixed64());
}

}  // namespace

bool LayerIndex::is_outline() const {
  return std::any_of(files.begin(), files.end(), [](const File& file) { return file.hash == kNotHashed; });
}

void LayerIndexer::add(const Piece& piece, const ContentHash& hash) {
  if (group_ended_) index_.group_begins.push_back(static_cast<uint32_t>(index_.contents.size()));
  index_.contents.push_back({piece.content_offset, piece.content_size});
  if (piece.content_size > 0) index_.files.push_back({hash, path_key(piece.path)});
  group_ended_ = cutter_.add(piece, hash);
  if (group_ended_) index_.group_names.push_back(cutter_.end());
}

LayerIndex LayerIndexer::finish() {
  if (!group_ended_) index_.group_names.push_back(cutter_.end());
  group_ended_ = true;
  if (!index_.contents.empty()) index_.tar_bytes = index_.contents.back().offset + index_.contents.back().size;
  return std::exchange(index_, {});
}

LayerIndex index_layer(const RandomAccess& tar) {
  LayerIndexer indexer;
  ContentHasher hasher;
  split_layer(tar, [&](Piece&& piece) {
    ContentHash hash;
    if (piece.content_size > 0) {
      copy(Slice(tar, piece.content_offset, piece.content_size), hasher);
      hash = hasher.finish();
    }
    indexer.add(piece, hash);
  });
  return indexer.finish();
}

LayerIndex outline_layer(const RandomAccess& tar) {
  LayerIndexer indexer;
  split_layer(tar, [&](Piece&& piece) { indexer.add(piece, kNotHashed); });
  LayerIndex index = indexer.finish();
  std::fill(index.group_names.begin(), index.group_names.end(), kNoGroup);
  return index;
}

void put_layer_index(Sink& sink, const LayerIndex& index) {
  put_integer(sink, index.tar_bytes);
  put_integer(sink, index.contents.size());
  put_integer(sink, index.group_begins.size());
  put_contents(sink, index);
  put_files(sink, index);
  put_groups(sink, index);
}

LayerIndex get_layer_index(RecordReader& records) {
  LayerIndex index;
  index.tar_bytes = records.integer();
  const auto pieces = static_cast<size_t>(records.integer(kMostIndexedPieces));
  const auto groups = static_cast<size_t>(records.integer(pieces));
  get_contents(records, pieces, index);
  get_files(records, index);
  get_groups(records, groups, index);
  return index;
}

}  // namespace docker_sync
