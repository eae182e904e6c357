// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The destination's side of the streams: three threads, that read offers, answer them from the basis, and collect
// contents, so that the source can send while it is being answered, and all of its offers are soon known. None ever
// waits for another one's stream, except that contents may wait a while for offers (docs/protocol.md).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <set>

#include "base/queue.h"
#include "endpoint/layer_rebuild.h"
#include "endpoint/lead.h"
#include "endpoint/offer_reader.h"
#include "endpoint/progress_reporter.h"
#include "endpoint/signature_budget.h"
#include "endpoint/wanted.h"
#include "wire/connection.h"

namespace docker_sync {

class Receiver {
 public:
  /// `on_layer` is told each layer that travels as soon as all of it was offered; it must not block.
  /// `reading`: of each of them, by open(). All referred to must outlive the Receiver.
  Receiver(Connection& connection, const SyncStreams& streams, const SpoolSpace& space, Basis& basis,
           OtherImages& others, const LayerCache& cache, StageTimes& times, const Receive& request,
           ArrivedContents::Reading reading, ProgressReporter& progress,
           std::function<void(const LayerRebuild&)> on_layer);

  /// The three threads' work. Each returns when all is done, and throws ExitCode::protocol on what may not be said.
  void read_offers();
  void answer();
  void collect();

  /// The bytes of a layer that on_layer() was told, as they come.
  [[nodiscard]] std::unique_ptr<Source> open(const LayerRebuild& layer);

  /// The source's image config. REQUIRES: read_offers() has returned.
  [[nodiscard]] const Bytes& config() const { return offers_.config(); }
  /// The size of each of the image's layers as a tar, base first; 0 where the source does not know. Likewise.
  [[nodiscard]] const std::vector<uint64_t>& layer_sizes() const { return offers_.layer_sizes(); }

  /// Wakes all who wait here.
  void close(const Error& error);

 private:
  void wait_for_basis();
  void end_if_complete();

  Connection& connection_;
  const SyncStreams& streams_;
  const SpoolSpace& space_;
  Basis& basis_;
  OtherImages& others_;
  const LayerCache& cache_;
  StageTimes& times_;
  const uint64_t link_;
  ProgressReporter& progress_;

  ArrivedContents arrived_;
  Queue<std::vector<bool>> shared_;  ///< one, and the first thing that is known
  Queue<AskedBlock> asked_;
  Queue<WantedBlock> wanted_;     ///< in the order in which contents will come
  Queue<Unfinished> unfinished_;  ///< ended when all is there
  SignatureBudget budget_;
  Lead lead_;
  std::atomic<uint64_t> bytes_offered_ = 0, bytes_arrived_ = 0;
  OfferReader offers_;
};

}  // namespace docker_sync
