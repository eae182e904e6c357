// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The indexes of layers that were a basis before, in the user's cache: one file per diff_id, so that runs at the same
// time share it without a lock. A file is written beside and renamed; one that is damaged, of another version or cut
// short (nothing is synced to the disk) is removed when it is met. What a file says is believed only as far as a wrong
// one costs a sync without basis: layers are checked by their sha256. No method throws; without a folder that can be
// written nothing is kept.
//
//   file   magic, u8 kLayerIndexVersion, 16-byte XXH3-128 of the rest; then through zstd: diff_id, index
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "endpoint/layer_index.h"
#include "image/digest.h"

namespace docker_sync {

class LayerCache {
 public:
  static constexpr uint64_t kMostBytes = 64 << 20;

  /// `folder` is made when it is first needed; empty: nothing is kept. Of more than `most_bytes` those go that were not
  /// used for the longest time.
  explicit LayerCache(std::string folder, uint64_t most_bytes = kMostBytes)
      : folder_(std::move(folder)), most_bytes_(most_bytes) {}

  /// The layer's index, which counts as used now. Memory: 48 bytes per file, and a zstd window.
  [[nodiscard]] std::optional<LayerIndex> find(const Digest& layer) const;
  /// The same, without using it.
  [[nodiscard]] std::optional<LayerIndex> look_at(const Digest& layer) const;

  void store(const Digest& layer, const LayerIndex& index) const;
  void remove(const Digest& layer) const;

  /// Those that are here; they may go at any time.
  [[nodiscard]] std::set<Digest> layers() const;

 private:
  [[nodiscard]] std::string path_of(const Digest& layer) const { return folder_ + "/" + layer.hex(); }
  void keep_within_bounds() const;

  std::string folder_;
  uint64_t most_bytes_;
};

}  // namespace docker_sync
