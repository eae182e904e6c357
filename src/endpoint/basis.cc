// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/basis.h"

#include "base/error.h"
#include "base/log.h"
#include "engine/saved_layers.h"
#include "image/layer_split.h"

namespace docker_sync {

namespace {

/// The layers of the images in the order in which the index prefers the later: the least alike image first, each from
/// its base up. A layer of several images stands where it is preferred most.
std::vector<Digest> by_preference(const std::vector<ImageInfo>& most_alike_first) {
  std::vector<Digest> order;
  std::set<Digest> seen;
  for (const ImageInfo& image : most_alike_first) {
    const auto& chain = image.identity.diff_ids;
    for (auto layer = chain.rbegin(); layer != chain.rend(); ++layer) {
      if (seen.insert(*layer).second) order.push_back(*layer);
    }
  }
  return {order.rbegin(), order.rend()};
}

}  // namespace

void Basis::read(Engine& engine, const std::vector<std::string>& images, const SpoolFolder& folder,
                 const std::set<Digest>& local, const std::function<void(const Digest&, const Spool&)>& on_local,
                 const std::function<void(uint64_t, uint64_t)>& on_progress) {
  std::vector<ImageInfo> held;
  std::vector<std::string> ids;
  uint64_t total = 0;
  for (const std::string& id : images) {
    if (auto image = engine.inspect(id)) {
      ids.push_back(image->id);
      total += image->size;
      held.push_back(std::move(*image));
    }
  }
  folder.require_space(total);
  const std::vector<Digest> order = by_preference(held);
  std::map<Digest, std::unique_ptr<Spool>> spools;
  SavedLayers wanted;
  wanted.layers = {order.begin(), order.end()};
  wanted.on_layer = [&](const Digest& diff_id, std::unique_ptr<Spool> tar) {
    const Spool& spool = *(spools[diff_id] = std::move(tar));
    if (local.contains(diff_id)) on_local(diff_id, spool);
  };
  wanted.on_progress = [&](uint64_t done) { on_progress(done, total); };
  try {
    if (!ids.empty()) read_saved_layers(engine, ids, folder, wanted);
  } catch (const Error& error) {
    // What has come is as good a basis as before; only what must be here is missed.
    if (error.code() != ExitCode::image) throw;
    warn(std::string("a basis image could not be read whole (") + error.what() + "), more will be sent");
  }
  for (const Digest& layer : local) {
    if (!spools.contains(layer)) {
      throw Error(ExitCode::image, "layer " + layer.brief() + " was removed while syncing", "try again");
    }
  }
  for (const Digest& diff_id : order) {
    const auto spool = spools.find(diff_id);
    if (spool == spools.end()) continue;
    add_contents(static_cast<uint32_t>(layers_.size()), *spool->second);
    layers_.push_back(std::move(spool->second));
  }
  index_.seal();
  const std::lock_guard lock(mutex_);
  ready_ = true;
  changed_.notify_all();
}

void Basis::add_contents(uint32_t number, const Spool& tar) {
  ContentHasher hasher;
  split_layer(tar, [&](Piece&& piece) {
    if (piece.content_size == 0) return;
    copy(Slice(tar, piece.content_offset, piece.content_size), hasher);
    index_.add(number, piece.content_offset, piece.content_size, piece.path, hasher.finish());
  });
}

void Basis::close(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = error;
  changed_.notify_all();
}

const BasisIndex& Basis::index() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ready_ || error_; });
  if (error_) throw Error(*error_);
  return index_;
}

}  // namespace docker_sync
