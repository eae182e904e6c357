// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// All that a layer is as a basis, but its bytes: where its contents lie, what each is, how its groups are named. Made
// by reading the layer once, and kept beyond the sync (layer_cache.h), in columns: offsets and sizes are small where
// they are told by the entry before, and hashes and keys do not compress.
//
//   u tar's bytes, u pieces, u groups
//   per piece    u gap without the padding of the content before; u size of the content
//   per content  that is not empty: 16-byte hash; then per content its PathKey: path, stripped ^ path, name, folders
//   per group    u pieces; then per group 8-byte name
//
// u as in records.h, all else little-endian, each part a column of its own.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "delta/basis_index.h"
#include "delta/path_key.h"
#include "endpoint/entry_group.h"
#include "endpoint/records.h"

namespace docker_sync {

/// To be raised whenever split_layer(), GroupCutter, path_key() or a hash say something else of the same layer.
inline constexpr uint8_t kLayerIndexVersion = 1;

struct LayerIndex {
  struct Content {
    uint64_t offset = 0, size = 0;  ///< in the layer
    bool operator==(const Content&) const = default;
  };
  struct File {
    ContentHash hash;
    PathKey key;
    bool operator==(const File&) const = default;
  };

  uint64_t tar_bytes = 0;
  std::vector<Content> contents;  ///< every piece's, in order: the gap before it begins where the one before ends
  std::deque<File> files;  ///< of each content that is not empty, in order
  std::vector<ShortHash> group_names;
  std::vector<uint32_t> group_begins;  ///< pieces

  /// Whether it was made by outline_layer(), and says less than it might.
  [[nodiscard]] bool is_outline() const;

  bool operator==(const LayerIndex&) const = default;
};

/// Makes the index of a layer from its pieces.
class LayerIndexer {
 public:
  /// The next piece. `hash`: of its content, any if that is empty.
  void add(const Piece& piece, const ContentHash& hash);
  /// The index of all pieces since the start.
  [[nodiscard]] LayerIndex finish();

 private:
  LayerIndex index_;
  GroupCutter cutter_;
  bool group_ended_ = true;
};

/// Reads all of a layer. Memory: 48 bytes per file.
[[nodiscard]] LayerIndex index_layer(const RandomAccess& tar);

/// The same without reading contents: they are kNotHashed, and no group has a name.
[[nodiscard]] LayerIndex outline_layer(const RandomAccess& tar);

/// Of more pieces no index is written or read: memory is bounded.
inline constexpr size_t kMostIndexedPieces = 1 << 21;

void put_layer_index(Sink& sink, const LayerIndex& index);
/// Throws ExitCode::protocol on what cannot be the index of a layer; allocates nothing that it has not read.
[[nodiscard]] LayerIndex get_layer_index(RecordReader& records);

}  // namespace docker_sync
