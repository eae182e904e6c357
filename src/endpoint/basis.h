// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The layers that needed layers are built from: all of them at the destination, and at the source those that it holds
// too (the shared basis). Both sides number them alike, by the list that the controller gave them, and cut them alike
// into pieces and groups, so that each can name to the other what lies where.
//
// What the new image keeps of the old one is mostly the larger part, and little of what is new was made from it. So these
// layers are not looked into before something is met that the others know nothing of, and that is worth it on this link;
// even then they are not read.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "base/stage_times.h"
#include "delta/basis_index.h"
#include "endpoint/layer_cache.h"
#include "image/digest.h"

namespace docker_sync {

/// What new files become when they are packed: a third of what they are.
inline constexpr uint64_t kNewPackedTo = 3;

class Basis {
 public:
  using Content = LayerIndex::Content;

  /// `layers`: the one to prefer last. `kept`: those that the new image has as well. `link`: what the way between both
  /// ends takes, in bytes per second; 0: not known. All referred to must outlive this.
  Basis(std::vector<Digest> layers, std::set<Digest> kept, const LayerCache& cache, StageTimes& times,
        uint64_t link = 0);
  ~Basis();

  [[nodiscard]] const std::vector<Digest>& diff_ids() const { return diff_ids_; }
  /// The layer's number. REQUIRES: it is one of diff_ids().
  [[nodiscard]] uint32_t number_of(const Digest& layer) const;

  /// Takes a layer: splits and hashes it in the calling thread, of which there may be several, unless its index is in
  /// the cache, or it is kept. Memory: 72 bytes per file that stay, and 32 until it returns.
  const RandomAccess& add(uint32_t layer, std::unique_ptr<RandomAccess> tar);

  /// No more layers come.
  void seal();

  /// No thread will wait any longer: each gets `error`.
  void close(const Error& error);

  /// Waits for seal(). All below REQUIRE that it has returned.
  void wait();

  /// That very content. Throws what reading a kept layer does.
  [[nodiscard]] std::optional<BasisFile> find(const ContentHash& hash, uint64_t size) const;
  [[nodiscard]] std::optional<BasisFile> find(ShortHash hash, uint64_t size) const;
  /// As BasisIndex.
  [[nodiscard]] std::optional<BasisFile> find_similar(std::string_view path, uint64_t size) const;
  /// How many contents can be found.
  [[nodiscard]] size_t files() const;

  /// Whether more may be known of a new file that was not found, if what is kept is looked into.
  [[nodiscard]] bool may_know_more(std::string_view path, uint64_t size) const;
  /// Whether that is worth it, to send so many bytes less: as soon as all that could have been spared so far would take
  /// the link longer than a look takes.
  [[nodiscard]] bool pays_to_look(uint64_t bytes) const;
  /// From here on what is kept is found, too: by its paths, and by hashes that are made when they are asked for.
  void look_into_kept() const;

  /// False for a layer that could not be read.
  [[nodiscard]] bool has(uint32_t layer) const { return layers_.at(layer).tar != nullptr; }
  [[nodiscard]] bool has_all() const;
  /// Throws ExitCode::verification where it turns out not to be what its index says.
  [[nodiscard]] const RandomAccess& tar(uint32_t layer) const;
  [[nodiscard]] uint64_t size(uint32_t layer) const { return tar(layer).size(); }
  /// Every piece's content, in order: the gap before it begins where the one before ends.
  [[nodiscard]] const std::vector<Content>& contents(uint32_t layer) const { return layers_.at(layer).index.contents; }

  /// What is kept has none.
  [[nodiscard]] size_t groups(uint32_t layer) const { return layers_.at(layer).index.group_names.size(); }
  [[nodiscard]] const std::vector<ShortHash>& group_names(uint32_t layer) const {
    return layers_.at(layer).index.group_names;
  }
  /// The group's first piece; for the number of groups, the number of pieces.
  [[nodiscard]] size_t group_begin(uint32_t layer, size_t group) const;

 private:
  class Tar;
  struct Layer {
    std::unique_ptr<Tar> tar;
    LayerIndex index;  ///< without its files: they are in index_
  };

  void add_files(uint32_t layer, LayerIndex& index) const;

  std::vector<Digest> diff_ids_;
  const std::set<Digest> kept_;
  const LayerCache& cache_;
  StageTimes& times_;
  std::vector<Layer> layers_;
  mutable std::mutex mutex_;  ///< guards all below, and layers_ until ready_
  std::condition_variable changed_;
  mutable BasisIndex index_;
  mutable bool kept_is_known_;
  const double worth_a_look_;        ///< bytes
  mutable uint64_t not_spared_ = 0;  ///< likewise
  bool ready_ = false;
  std::optional<Error> error_;
};

/// Throws ExitCode::protocol unless a peer's place is within a layer of the basis; ExitCode::verification if that layer
/// could not be read here, so that all is tried again without basis.
void check_place(const Basis& basis, const BasisFile& place);

}  // namespace docker_sync
