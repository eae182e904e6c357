// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The destination's side of the streams: answers offers from the basis, collects the contents, and hands over each
// layer as soon as all of it is there. Two threads, because the source must be able to send contents while it is still
// being answered: one that answers, one that collects. Neither ever waits for the other's stream (docs/protocol.md).
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include "base/queue.h"
#include "endpoint/collector.h"
#include "endpoint/layer_rebuild.h"
#include "endpoint/other_images.h"
#include "endpoint/progress_reporter.h"
#include "endpoint/records.h"
#include "endpoint/signature_budget.h"
#include "wire/connection.h"

namespace docker_sync {

class Receiver {
 public:
  /// `expected`: the layers that travel. `on_layer` is told each as soon as all of it is here, in the order in which
  /// they were offered; it must not block. All referred to must outlive the Receiver.
  Receiver(Connection& connection, const SyncStreams& streams, const SpoolFolder& folder, Basis& basis,
           OtherImages& others, const LayerCache& cache, std::set<Digest> expected, size_t layers_of_image,
           ProgressReporter& progress, std::function<void(const LayerRebuild&)> on_layer);

  /// The two threads' work. Each returns when all is done, and throws ExitCode::protocol on what may not be said.
  void answer();
  void collect();

  /// The bytes of a layer that on_layer() was told.
  [[nodiscard]] std::unique_ptr<Source> open(const LayerRebuild& layer);

  /// The source's image config. REQUIRES: answer() has returned.
  [[nodiscard]] const Bytes& config() const { return config_; }
  /// The size of each of the image's layers as a tar, base first; 0 where the source does not know. Likewise.
  [[nodiscard]] const std::vector<uint64_t>& layer_sizes() const { return layer_sizes_; }

  /// Wakes all who wait here.
  void close(const Error& error);

 private:
  struct Layer {
    LayerRebuild rebuild;
    uint64_t covered = 0;  ///< bytes of it that were spoken of
    size_t missing = 0;    ///< contents that have not arrived
    bool offered_whole = false;
  };

  /// What the source says of a block's contents, and of each kind what follows it, in order.
  struct Claims {
    std::vector<Claim> claims;
    std::deque<ContentOrigin> copies;
    std::deque<uint64_t> repeats;
    std::deque<AskedContent> asked;
  };

  void read_shared(RecordReader& offers);
  void put_groups(Sink& answers) const;
  void begin_layer(RecordReader& offers);
  /// The layer that is being offered. Throws ExitCode::protocol if there is none.
  [[nodiscard]] Layer& open_layer();
  /// So much more of the layer was spoken of. Throws ExitCode::protocol if that is nothing, or more than the layer is:
  /// else a peer's offers need never end.
  static void cover(Layer& layer, uint64_t bytes);
  void take_known(RecordReader& offers);
  void take_block(RecordReader& offers, Sink& answers);
  [[nodiscard]] Claims read_claims(RecordReader& offers, const std::vector<SkeletonEntry>& entries);
  /// Where the content is, unless it travels; adds the answer to what asks.
  [[nodiscard]] std::optional<ContentOrigin> find_origin(Claims& claims, Wanted& content, const SkeletonEntry& entry,
                                                         std::vector<Answer>& given);
  /// Chooses a basis for a content that is asked for, if its signature is worth it.
  [[nodiscard]] Answer choose_signature(Wanted& content, const SkeletonEntry& entry);
  void answer(WantedBlock wanted, const std::vector<Answer>& given, Sink& answers);
  void end_layer();
  void ask_further(Sink& answers, Unfinished unfinished);
  void read_other_images();
  void content_arrived(const Wanted& wanted);
  void pass_on_complete_layers();  ///< REQUIRES: mutex_ held

  Connection& connection_;
  const SyncStreams& streams_;
  const SpoolFolder& folder_;
  Basis& basis_;
  OtherImages& others_;
  const LayerCache& cache_;
  ProgressReporter& progress_;
  std::function<void(const LayerRebuild&)> on_layer_;

  std::set<Digest> expected_;  ///< not yet offered
  std::vector<bool> shared_;   ///< by basis layer: the source has it too
  Spool skeletons_;            ///< written by answer(), read once a layer is complete
  ArrivedContents arrived_;
  struct Offered {
    ContentOrigin origin;
    uint64_t size;
  };
  std::deque<Offered> offered_;  ///< all contents of blocks
  PlaceReader places_;
  SignatureBudget budget_;
  uint64_t blocks_offered_ = 0;
  std::vector<Wanted> elsewhere_;  ///< said to be here, and to be read from other images
  Bytes config_;
  std::vector<uint64_t> layer_sizes_;

  Queue<WantedBlock> wanted_;     ///< in the order in which contents will come
  Queue<Unfinished> unfinished_;  ///< ended when all layers are complete

  std::mutex mutex_;          ///< guards the two below
  std::deque<Layer> layers_;  ///< as offered; never moved
  size_t passed_on_ = 0, layers_expected_ = 0;
  std::atomic<uint64_t> bytes_offered_ = 0, bytes_arrived_ = 0;
};

}  // namespace docker_sync
