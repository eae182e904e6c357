// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The layers that needed layers are built from: all of them at the destination, and at the source those that it holds
// too (the shared basis). Both sides number them alike, by the list that the controller gave them, and cut them alike
// into pieces and groups, so that each can name to the other what lies where.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "base/stage_times.h"
#include "delta/basis_index.h"
#include "endpoint/layer_cache.h"
#include "image/digest.h"

namespace docker_sync {

class Basis {
 public:
  using Content = LayerIndex::Content;

  /// `layers`: the one to prefer last. All referred to must outlive this.
  Basis(std::vector<Digest> layers, const LayerCache& cache, StageTimes& times);

  [[nodiscard]] const std::vector<Digest>& diff_ids() const { return diff_ids_; }
  /// The layer's number. REQUIRES: it is one of diff_ids().
  [[nodiscard]] uint32_t number_of(const Digest& layer) const;

  /// Takes a layer: splits and hashes it in the calling thread, of which there may be several, unless its index is in
  /// the cache. Memory: 72 bytes per file that stay, and 32 until it returns.
  const RandomAccess& add(uint32_t layer, std::unique_ptr<RandomAccess> tar);

  /// No more layers come.
  void seal();

  /// No thread will wait any longer: each gets `error`.
  void close(const Error& error);

  /// Waits for seal(). All below REQUIRE that it has returned.
  void wait();

  [[nodiscard]] const BasisIndex& index() const { return index_; }
  /// False for a layer that could not be read.
  [[nodiscard]] bool has(uint32_t layer) const { return layers_.at(layer).tar != nullptr; }
  [[nodiscard]] bool has_all() const;
  /// Throws ExitCode::verification where it turns out not to be what its index says.
  [[nodiscard]] const RandomAccess& tar(uint32_t layer) const { return *layers_.at(layer).tar; }
  [[nodiscard]] uint64_t size(uint32_t layer) const { return layers_.at(layer).index.tar_bytes; }
  /// Every piece's content, in order: the gap before it begins where the one before ends.
  [[nodiscard]] const std::vector<Content>& contents(uint32_t layer) const { return layers_.at(layer).index.contents; }

  [[nodiscard]] size_t groups(uint32_t layer) const { return layers_.at(layer).index.group_names.size(); }
  [[nodiscard]] const std::vector<ShortHash>& group_names(uint32_t layer) const {
    return layers_.at(layer).index.group_names;
  }
  /// The group's first piece; for the number of groups, the number of pieces.
  [[nodiscard]] size_t group_begin(uint32_t layer, size_t group) const;

 private:
  struct Layer {
    std::unique_ptr<RandomAccess> tar;
    LayerIndex index;  ///< without its files: they are in index_
  };

  std::vector<Digest> diff_ids_;
  const LayerCache& cache_;
  StageTimes& times_;
  std::vector<Layer> layers_;
  std::mutex mutex_;  ///< guards all below, and layers_ until ready_
  std::condition_variable changed_;
  BasisIndex index_;
  bool ready_ = false;
  std::optional<Error> error_;
};

/// Throws ExitCode::protocol unless a peer's place is within a layer of the basis; ExitCode::verification if that layer
/// could not be read here, so that all is tried again without basis.
void check_place(const Basis& basis, const BasisFile& place);

}  // namespace docker_sync
