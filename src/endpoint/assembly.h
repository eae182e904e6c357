// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The archive that the destination's engine loads, put together while its parts become ready: layers in whatever order,
// the metadata when all is known. What the engine can do without is left out in the way that the engine can do without
// it (PartialLoad); if it turns out that it could not, the archive can be given out again, whole.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/queue.h"
#include "endpoint/progress_reporter.h"
#include "engine/engine.h"
#include "image/archive_writer.h"
#include "wire/message.h"

namespace docker_sync {

/// Whether a layer of that origin need not be in the archive.
[[nodiscard]] bool can_leave_out(LayerOrigin origin, PartialLoad partial);

class Assembly {
 public:
  using Open = std::function<std::unique_ptr<Source>()>;

  /// What the image is known by: called before anything is given out that could become it.
  std::function<void(const Digest& config, const Digest& manifest)> on_identity;

  /// All referred to must outlive this.
  Assembly(const Receive& request, PartialLoad partial, ProgressReporter& progress, StageTimes& times);

  /// A layer's bytes can be had, as often as they are opened. Any thread, like all up to close().
  void layer_ready(const Digest& diff_id, uint64_t size, Open open);
  /// The engine has a layer as this blob.
  void blob_known(const Digest& diff_id, const Descriptor& blob);
  /// Layers that are to be left out, and of which no blob is known yet. Empty where the engine needs none.
  [[nodiscard]] std::set<Digest> unknown_blobs() const;
  /// No more blobs will become known.
  void blobs_known() { blobs_known_.push(true); }
  /// The config, and the size of each layer's tar (0: not known). Must outlive this.
  void metadata_ready(const Bytes& config, const std::vector<uint64_t>& sizes);
  /// Wakes next() with an error.
  void close(const Error& error);

  /// The archive's members, for TarSource; waits for them. Throws ExitCode::verification if the config is not that of
  /// the image asked for, ExitCode::image if a layer can neither be left out nor had.
  [[nodiscard]] std::optional<ArchiveMember> next();

  /// Layers that the archive leaves out.
  [[nodiscard]] const std::set<Digest>& left_out() const { return left_out_; }
  /// Whether something is left out, but might have to be there after all.
  [[nodiscard]] bool can_start_again() const { return partial_ != PartialLoad::chain_prefix && !left_out_.empty(); }
  /// The archive from its beginning again, wherever it was, and now with these layers, too: each is opened once more.
  /// Throws ExitCode::image unless they are all that were left out.
  void start_again_with(std::map<Digest, std::unique_ptr<RandomAccess>> layers);

 private:
  struct Layer {
    Descriptor descriptor;
    Open open;
  };

  [[nodiscard]] ArchiveMember member_of(const Layer& layer);
  [[nodiscard]] std::vector<ArchiveMember> make_metadata();
  [[nodiscard]] Descriptor describe(size_t number) const;
  void check_config() const;

  const Receive& request_;
  const PartialLoad partial_;
  ProgressReporter& progress_;
  StageTimes& times_;

  size_t layers_left_;  ///< that have not come out of ready_
  Queue<Layer> ready_;
  struct FromSource {
    const Bytes* config;
    const std::vector<uint64_t>* sizes;
  };
  Queue<FromSource> from_source_;
  Queue<bool> blobs_known_;
  std::optional<FromSource> known_;  ///< once it has come out of its queue

  mutable std::mutex mutex_;  ///< guards blobs_
  std::map<Digest, Descriptor> blobs_;

  std::set<Digest> left_out_;
  std::deque<Layer> layers_;  ///< of the archive, in its order
  size_t next_layer_ = 0;
  std::map<Digest, std::unique_ptr<RandomAccess>> read_again_;
  std::optional<std::vector<ArchiveMember>> metadata_;
  size_t next_metadata_ = 0;
};

}  // namespace docker_sync
