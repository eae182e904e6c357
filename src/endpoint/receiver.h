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
#include <unordered_map>

#include "base/queue.h"
#include "delta/codec.h"
#include "endpoint/layer_rebuild.h"
#include "endpoint/progress_reporter.h"
#include "endpoint/records.h"
#include "wire/connection.h"

namespace docker_sync {

class Receiver {
 public:
  /// `expected`: the layers that travel. `on_layer` is told each as soon as all of it is here, in the order in which
  /// they were offered; it must not block. All referred to must outlive the Receiver.
  Receiver(Connection& connection, const SyncStreams& streams, const SpoolFolder& folder, Basis& basis,
           std::set<Digest> expected, size_t layers_of_image, ProgressReporter& progress,
           std::function<void(const LayerRebuild&)> on_layer);

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
    size_t missing = 0;  ///< contents that have not arrived
    bool offered_whole = false;
  };

  /// A content that was asked for.
  struct Wanted {
    size_t layer = 0;
    uint64_t block = 0, index = 0;  ///< as AnswerTag::again names it
    ContentHash hash;
    uint64_t size = 0, number = 0;  ///< number: of ArrivedContents
    Codec codec{};
    BasisFile similar;  ///< Codec::rsync
  };

  void begin_layer(RecordReader& offers);
  void answer_block(RecordReader& offers, Sink& answers);
  [[nodiscard]] std::optional<ContentOrigin> held(const ContentHash& hash, uint64_t size) const;
  void put_answers(Sink& answers, ByteView codecs, const std::vector<Wanted>& wanted) const;
  void end_layer();
  void ask_again(Sink& answers, Wanted again);
  void collect_one(RecordReader& contents, const Wanted& wanted);
  void content_arrived(const Wanted& wanted);
  void pass_on_complete_layers();  ///< REQUIRES: mutex_ held

  Connection& connection_;
  const SyncStreams& streams_;
  Basis& basis_;
  ProgressReporter& progress_;
  std::function<void(const LayerRebuild&)> on_layer_;

  std::set<Digest> expected_;  ///< not yet offered
  Spool skeletons_;            ///< written by answer(), read once a layer is complete
  ArrivedContents arrived_;
  struct Asked {
    uint64_t number, size;
  };
  std::unordered_map<ContentHash, Asked> asked_for_;
  uint64_t blocks_offered_ = 0;
  Bytes config_;
  std::vector<uint64_t> layer_sizes_;

  Queue<Wanted> wanted_;   ///< in the order in which contents will come
  Queue<Wanted> damaged_;  ///< came with another hash; ended when all layers are complete

  std::mutex mutex_;          ///< guards the two below
  std::deque<Layer> layers_;  ///< as offered; never moved
  size_t passed_on_ = 0, layers_expected_ = 0;
  std::atomic<uint64_t> bytes_offered_ = 0, bytes_arrived_ = 0;
};

}  // namespace docker_sync
