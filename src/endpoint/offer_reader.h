// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Reads the offers stream at the destination: the layers that travel, and where each of their contents is or will come
// from. Waits for nothing but offers, so that it is soon known what will be needed once more, and what not. Used by one
// thread.
#pragma once

#include <deque>
#include <functional>
#include <set>
#include <vector>

#include "endpoint/claims.h"
#include "endpoint/layer_rebuild.h"
#include "endpoint/other_images.h"
#include "endpoint/records.h"
#include "endpoint/wanted.h"

namespace docker_sync {

class OfferReader {
 public:
  struct Outcome {
    std::function<void(std::vector<bool>)> shared;    ///< by basis layer: the source has it too; told once, first
    std::function<void(AskedBlock)> block;            ///< in the order in which contents will come
    std::function<void(const LayerRebuild&)> layer;   ///< one that was offered whole
    std::function<void(uint64_t bytes)> layer_begun;  ///< what it has
    std::function<void(uint64_t bytes)> here;         ///< of that, so much need not come
  };

  /// `expected`: the layers that travel. All referred to must outlive this. REQUIRES: the basis is sealed before run().
  OfferReader(const SpoolSpace& space, const Basis& basis, OtherImages& others, ArrivedContents& arrived,
              std::set<Digest> expected, size_t layers_of_image, Outcome outcome);

  /// Returns when all is offered. Throws ExitCode::protocol on what may not be said.
  void run(RecordReader& offers);

  /// What layers refer to.
  [[nodiscard]] const Spool& skeletons() const { return skeletons_; }

  // REQUIRES: run() has returned.
  [[nodiscard]] const Bytes& config() const { return config_; }
  [[nodiscard]] const std::vector<uint64_t>& layer_sizes() const { return layer_sizes_; }
  /// Contents that were said to be here, and are to be read from other images.
  [[nodiscard]] std::vector<Wanted>& elsewhere() { return elsewhere_; }

 private:
  struct Layer {
    LayerRebuild rebuild;
    uint64_t covered = 0;  ///< bytes of it that were spoken of
    bool offered_whole = false;
  };
  struct Offered {
    ContentOrigin origin;
    uint64_t size;
  };

  void read_shared();
  void begin_layer();
  void end_layer();
  void take_plain_layer();
  /// The layer that is being offered. Throws ExitCode::protocol if there is none.
  [[nodiscard]] Layer& open_layer();
  /// So much more of the layer was spoken of. Throws ExitCode::protocol if that is nothing, or more than the layer is:
  /// else a peer's offers need never end.
  void cover(Layer& layer, uint64_t bytes);
  void take_known();
  void take_block();
  /// Looks for what is asked in the basis.
  void find_here(Claims& claims, const std::vector<SkeletonEntry>& entries);
  /// Where the content is, or will be. Adds it to what travels, and to what is to be answered.
  [[nodiscard]] ContentOrigin find_origin(Claims& claims, Wanted& content, const SkeletonEntry& entry,
                                          AskedBlock& block);

  const Basis& basis_;
  OtherImages& others_;
  ArrivedContents& arrived_;
  const Outcome outcome_;
  RecordReader* offers_ = nullptr;  ///< while run() runs

  std::set<Digest> expected_;    ///< not yet offered
  Spool skeletons_;              ///< read once a layer is complete
  std::deque<Layer> layers_;     ///< never moved
  std::deque<Offered> offered_;  ///< all contents of blocks
  PlaceReader places_;
  uint64_t blocks_offered_ = 0;
  std::vector<Wanted> elsewhere_;
  Bytes config_;
  std::vector<uint64_t> layer_sizes_;
};

}  // namespace docker_sync
