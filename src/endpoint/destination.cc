// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/destination.h"

#include <fmt/format.h>

#include <future>

#include "base/log.h"
#include "base/task_group.h"
#include "endpoint/basis_reader.h"
#include "endpoint/receiver.h"
#include "image/archive_writer.h"

namespace docker_sync {

namespace {

/// As the source has them: none that travels as well.
std::set<Digest> kept_layers(const Receive& request) {
  std::set<Digest> layers;
  for (const PlannedLayer& layer : request.layers) layers.insert(layer.diff_id);
  for (const Digest& layer : request.layers_from(LayerOrigin::travels)) layers.erase(layer);
  return layers;
}

}  // namespace

Ready Destination::receive(const Receive& request) {
  roll_back();
  journal_.sweep(engine_, request.config);
  const SyncStreams streams(request.sync);
  StageTimes times;
  Basis basis(request.basis, kept_layers(request), cache_, times, request.link.bytes_per_second);
  Assembly assembly(request, engine_.partial_load(), progress_, times);
  const auto reading = assembly.can_start_again() ? ArrivedContents::Reading::again : ArrivedContents::Reading::once;
  std::atomic<uint64_t> layer_bytes = 0;
  std::optional<Receiver> receiver;
  OtherImages others(engine_, space_, cache_, basis, request.reader, times);
  receiver.emplace(
      connection_, streams, space_, basis, others, cache_, times, request, reading, progress_,
      [&](const LayerRebuild& layer) {
        layer_bytes += layer.size;
        assembly.layer_ready(layer.diff_id, layer.size, [&receiver, &layer] { return receiver->open(layer); });
      });

  TaskGroup tasks([&](const Error& error) {
    basis.close(error);
    receiver->close(error);
    assembly.close(error);
    connection_.retire_streams_below(streams.first_of_next(), error);
  });
  tasks.run([&] {
    const InStage stage(times, "read the basis");
    open_basis(request, basis, assembly);
    find_blobs(request, assembly);
  });
  tasks.run([&] {
    const InStage stage(times, "take offers");
    receiver->read_offers();
    assembly.metadata_ready(receiver->config(), receiver->layer_sizes());
  });
  tasks.run([&] {
    const InStage stage(times, "answer");
    receiver->answer();
  });
  tasks.run([&] {
    const InStage stage(times, "decode");
    receiver->collect();
  });
  std::string id;
  tasks.run_here([&] {
    const InStage stage(times, "load");
    id = load(request, assembly);
  });
  tasks.wait();
  connection_.retire_streams_below(streams.first_of_next(), Error(ExitCode::internal, "this sync is over"));
  return {request.sync, id, layer_bytes, told(times)};
}

void Destination::open_basis(const Receive& request, Basis& basis, Assembly& assembly) {
  BasisReading reading;
  for (const std::string& id : request.basis_images) {
    if (auto image = engine_.inspect(id)) reading.images.push_back(std::move(*image));
  }
  reading.layers = {request.basis.begin(), request.basis.end()};
  if (!can_leave_out(LayerOrigin::local, engine_.partial_load())) {
    reading.needed = request.layers_from(LayerOrigin::local);
  }
  reading.on_needed = [&](const Digest& layer, const RandomAccess& tar) {
    assembly.layer_ready(layer, tar.size(), [&tar] { return std::make_unique<SequentialReader>(tar); });
  };
  reading.on_image = [&](const StoredImage& image) { take_blobs(image, assembly); };
  reading.on_progress = [&](uint64_t done, uint64_t total) { progress_.report(Stage::indexing, done, total); };
  read_basis(engine_, space_, request.reader, reading, basis);
  basis.seal();
}

void Destination::find_blobs(const Receive& request, Assembly& assembly) {
  std::set<Digest> unknown = assembly.unknown_blobs();
  if (!unknown.empty()) {
    read_images(engine_, images_holding(engine_.list(), unknown), space_, request.reader,
                [&](const StoredImage& image) { take_blobs(image, assembly); });
  }
  assembly.blobs_known();
}

void Destination::take_blobs(const StoredImage& image, Assembly& assembly) {
  for (size_t i = 0; i < image.blobs.size(); ++i) assembly.blob_known(image.diff_ids[i], image.blobs[i]);
}

std::string Destination::load(const Receive& request, Assembly& assembly) {
  std::string id;
  Digest config;
  assembly.on_identity = [&](const Digest& config_digest, const Digest& manifest) {
    config = config_digest;
    // Known before there can be such an image, so that only what is ours is ever removed.
    id = engine_.id_of_loaded(config, manifest);
    if (engine_.inspect(id)) return;
    journal_entry_ = journal_.begin(Digest::parse(id));
    unnamed_ = id;
  };
  std::future<void> ended;
  const auto next = [&] {
    auto member = assembly.next();
    // Nothing is read any more while the engine takes in the last layer.
    if (!member && request.last) ended = std::async(std::launch::async, [&] { engine_.end_started(false); });
    return member;
  };
  const auto load_once = [&] {
    try {
      TarSource archive(next);
      const std::vector<std::string> loaded = engine_.load(archive);
      verbose(fmt::format("the engine says it loaded {} image(s)", loaded.size()));
      verify(request, id, config);
    } catch (...) {
      roll_back();
      throw;
    }
  };
  try {
    load_once();
  } catch (const Error& error) {
    // What a store has under which blobs is less sure than what it has: the archive is made again, whole.
    const bool refused = error.code() == ExitCode::engine || error.code() == ExitCode::verification;
    if (!refused || !assembly.can_start_again()) throw;
    if (ended.valid()) ended.wait();
    verbose(std::string("loading all layers, since leaving some out failed: ") + error.what());
    assembly.start_again_with(read_all(assembly.left_out(), request.reader));
    load_once();
  }
  return id;
}

void Destination::verify(const Receive& request, const std::string& id, const Digest& config) {
  const auto image = engine_.inspect(id);
  std::vector<Digest> wanted;
  for (const PlannedLayer& layer : request.layers) wanted.push_back(layer.diff_id);
  // The ID stands for the config: it is the digest of it, or of the manifest that names it.
  if (!image || image->id != id || image->identity.diff_ids != wanted || !engine_.is_whole(id)) {
    throw Error(ExitCode::verification, "the engine loaded the image but does not have it",
                "try again; the engine's log may say why");
  }
  if (!image->identity.config) known_configs_.store(id, config);
}

std::map<Digest, std::unique_ptr<RandomAccess>> Destination::read_all(std::set<Digest> layers, LayerReader reader) {
  std::map<Digest, std::unique_ptr<RandomAccess>> tars;
  const std::vector<ImageInfo> images = images_holding(engine_.list(), layers);
  WantedLayers wanted;
  wanted.layers = layers;
  wanted.on_layer = [&](const Digest& diff_id, std::unique_ptr<RandomAccess> tar) { tars[diff_id] = std::move(tar); };
  if (!images.empty()) read_layers(engine_, images, space_, reader, wanted);
  return tars;
}

void Destination::commit(const Commit& request) {
  try {
    for (const std::string& name : request.names) engine_.tag(request.image_id, Reference::parse(name));
  } catch (...) {
    // Now, not when the connection ends: who hears of the failure may look at once, or try again.
    roll_back();
    throw;
  }
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
