// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/destination.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/queue.h"
#include "base/task_group.h"
#include "endpoint/basis_reader.h"
#include "endpoint/receiver.h"
#include "image/archive_writer.h"

namespace docker_sync {

namespace {

/// A layer whose bytes can be had.
struct ReadyLayer {
  Descriptor descriptor;
  std::function<std::unique_ptr<Source>()> open;
};

/// Tells how far the engine has come, which pulls as fast as it takes in.
class LoadProgress : public Source {
 public:
  LoadProgress(std::unique_ptr<Source> below, ProgressReporter& progress, const Descriptor& layer)
      : below_(std::move(below)), progress_(&progress), layer_(layer) {}
  [[nodiscard]] size_t read(MutableBytes out) override {
    const size_t count = below_->read(out);
    done_ += count;
    progress_->report(Stage::loading, done_, layer_.size, layer_.digest);
    return count;
  }

 private:
  std::unique_ptr<Source> below_;
  ProgressReporter* progress_;
  Descriptor layer_;
  uint64_t done_ = 0;
};

/// Gives the archive its members as they become ready: layers in whatever order, the metadata when all are there.
class Assembly {
 public:
  Assembly(const Receive& request, Receiver& receiver, ProgressReporter& progress)
      : request_(request), receiver_(receiver), progress_(progress) {
    std::set<Digest> distinct;
    for (const PlannedLayer& layer : request.layers) {
      if (layer.origin != LayerOrigin::present) distinct.insert(layer.diff_id);
    }
    layers_left_ = distinct.size();
  }

  void layer_ready(const Digest& diff_id, uint64_t size, std::function<std::unique_ptr<Source>()> open) {
    ready_.push({{diff_id, size}, std::move(open)});
  }
  void metadata_ready() { metadata_ready_.push(true); }
  void close(const Error& error) {
    ready_.close(error);
    metadata_ready_.close(error);
  }

  std::optional<ArchiveMember> next() {
    if (layers_left_ > 0) {
      --layers_left_;
      auto layer = ready_.pop();
      const Descriptor descriptor = layer->descriptor;
      return ArchiveMember{blob_path(descriptor.digest), descriptor.size,
                           [this, descriptor, open = std::move(layer->open)] {
                             return std::make_unique<LoadProgress>(open(), progress_, descriptor);
                           }};
    }
    if (!metadata_) metadata_ = make_metadata();
    if (next_metadata_ == metadata_->size()) return std::nullopt;
    return std::move((*metadata_)[next_metadata_++]);
  }

 private:
  std::vector<ArchiveMember> make_metadata() {
    (void)metadata_ready_.pop();
    const Bytes& config = receiver_.config();
    if (request_.config && Digest::of(config) != *request_.config) {
      throw Error(ExitCode::verification, "the image's config arrived damaged", "try again");
    }
    std::vector<Descriptor> layers;
    for (size_t i = 0; i < request_.layers.size(); ++i) {
      layers.push_back({request_.layers[i].diff_id, receiver_.layer_sizes()[i]});
    }
    return metadata_members(config, layers);
  }

  const Receive& request_;
  Receiver& receiver_;
  ProgressReporter& progress_;
  size_t layers_left_;
  Queue<ReadyLayer> ready_;
  Queue<bool> metadata_ready_;
  std::optional<std::vector<ArchiveMember>> metadata_;
  size_t next_metadata_ = 0;
};

std::set<Digest> layers_from(const Receive& request, LayerOrigin origin) {
  std::set<Digest> layers;
  for (const PlannedLayer& layer : request.layers) {
    if (layer.origin == origin) layers.insert(layer.diff_id);
  }
  return layers;
}

}  // namespace

Ready Destination::receive(const Receive& request) {
  roll_back();
  journal_.sweep(engine_, request.config);
  const SyncStreams streams(request.sync);
  Basis basis(request.basis, cache_);
  std::optional<Assembly> assembly;
  std::atomic<uint64_t> layer_bytes = 0;
  std::optional<Receiver> receiver;
  OtherImages others(engine_, folder_, cache_, basis);
  receiver.emplace(connection_, streams, folder_, basis, others, cache_, layers_from(request, LayerOrigin::travels),
                   request.layers.size(), progress_, [&](const LayerRebuild& layer) {
                     layer_bytes += layer.size;
                     assembly->layer_ready(layer.diff_id, layer.size, [&] { return receiver->open(layer); });
                   });
  assembly.emplace(request, *receiver, progress_);

  TaskGroup tasks([&](const Error& error) {
    basis.close(error);
    receiver->close(error);
    assembly->close(error);
    connection_.retire_streams_below(streams.first_of_next(), error);
  });
  tasks.run([&] {
    BasisReading reading{request.basis_images,
                         {request.basis.begin(), request.basis.end()},
                         layers_from(request, LayerOrigin::local),
                         {},
                         {}};
    reading.on_needed = [&](const Digest& layer, const Spool& tar) {
      assembly->layer_ready(layer, tar.size(), [&tar] { return std::make_unique<SequentialReader>(tar); });
    };
    reading.on_progress = [&](uint64_t done, uint64_t total) { progress_.report(Stage::indexing, done, total); };
    read_basis(engine_, folder_, reading, basis);
    basis.seal();
  });
  tasks.run([&] {
    receiver->answer();
    assembly->metadata_ready();
  });
  tasks.run([&] { receiver->collect(); });
  std::string id;
  tasks.run_here([&] {
    TarSource archive([&] { return assembly->next(); });
    id = load(request, archive);
  });
  tasks.wait();
  connection_.retire_streams_below(streams.first_of_next(), Error(ExitCode::internal, "this sync is over"));
  return {request.sync, id, layer_bytes};
}

std::string Destination::load(const Receive& request, Source& archive) {
  // Classic stores name an image by its config digest: known before, so that only what is ours is ever removed.
  if (!request.config) throw Error(ExitCode::engine, "the source's engine does not tell the image's config digest");
  const std::string id = request.config->text();
  const bool was_there = engine_.inspect(id).has_value();
  if (!was_there) {
    journal_entry_ = journal_.begin(*request.config);
    unnamed_ = id;
  }
  try {
    const std::vector<std::string> loaded = engine_.load(archive);
    verbose(fmt::format("the engine says it loaded {} image(s)", loaded.size()));
    const auto image = engine_.inspect(id);
    Identity wanted{request.config, {}, request.fingerprint};
    for (const PlannedLayer& layer : request.layers) wanted.diff_ids.push_back(layer.diff_id);
    if (!image || !image->identity.same_as(wanted) || image->identity.diff_ids != wanted.diff_ids) {
      throw Error(ExitCode::verification, "the engine loaded the image but does not have it", "see the daemon's log");
    }
  } catch (...) {
    roll_back();
    throw;
  }
  return id;
}

void Destination::commit(const Commit& request) {
  for (const std::string& name : request.names) engine_.tag(request.image_id, Reference::parse(name));
  if (request.image_id == unnamed_) {
    unnamed_.clear();
    journal_entry_.forget();
  }
}

void Destination::roll_back() noexcept {
  if (unnamed_.empty()) return;
  try {
    engine_.remove_untagged(unnamed_);
    journal_entry_.forget();
  } catch (const std::exception& error) {
    // The journal keeps it: the next run removes it. The user has an error to read already.
    verbose("could not remove the unnamed image " + unnamed_ + ": " + error.what());
  }
  unnamed_.clear();
}

}  // namespace docker_sync
