// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/layer_reading.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "engine/saved_layers.h"

namespace docker_sync {

namespace {

LayerStore* store_for(Engine& engine, LayerReader reader, std::span<const ImageInfo> images) {
  return reader == LayerReader::save ? nullptr : engine.store(images, reader);
}

[[noreturn]] void throw_no_store(const Engine& engine) {
  throw Error(ExitCode::engine, "the store of " + engine.description() + " cannot be read in place",
              "use --layer-reader auto");
}

/// What of `wanted` a store does not give is left in it.
class InPlace {
 public:
  InPlace(LayerStore& store, WantedLayers& wanted) : store_(store), wanted_(wanted) {}

  void read(const ImageInfo& info) {
    read_metadata(info);
    for (size_t number = 0; number < info.identity.diff_ids.size(); ++number) {
      if (wanted_.layers.contains(info.identity.diff_ids[number])) read_layer(info, number);
    }
  }

  /// What nobody waits for.
  void tell_sizes(const ImageInfo& info) {
    for (size_t number = 0; number < info.identity.diff_ids.size(); ++number) {
      const Digest& diff_id = info.identity.diff_ids[number];
      if (wanted_.sizes.erase(diff_id) == 0) continue;
      if (const auto size = store_.tar_size(info, number)) wanted_.on_size(diff_id, *size);
    }
  }

 private:
  void read_layer(const ImageInfo& info, size_t number) {
    const Digest& diff_id = info.identity.diff_ids[number];
    auto tar = store_.layer(info, number);
    if (!tar) return;
    try {
      wanted_.on_layer(diff_id, std::move(tar));
    } catch (const Error& error) {
      if (error.code() != ExitCode::verification) throw;
      return verbose("layer " + diff_id.brief() + " could not be read in place: " + error.what());
    }
    wanted_.layers.erase(diff_id);
  }

  void read_metadata(const ImageInfo& info) {
    const bool has_config = (wanted_.config && wanted_.config == info.identity.config) ||
                            (wanted_.config_of && wanted_.config_of == info.identity.diff_ids);
    if (!has_config && !wanted_.on_image) return;
    auto image = store_.image(info);
    // Of an image that lacks something its engine describes no layers: why is for the engine to say.
    if (!image || image->diff_ids != info.identity.diff_ids) return;
    if (wanted_.on_image) wanted_.on_image(*image);
    if (!has_config || (wanted_.config && Digest::of(image->config) != wanted_.config)) return;
    wanted_.config.reset();
    wanted_.config_of.reset();
    wanted_.on_config(std::move(image->config));
  }

  LayerStore& store_;
  WantedLayers& wanted_;
};

}  // namespace

void read_layers(Engine& engine, const std::vector<ImageInfo>& images, const SpoolSpace& space, LayerReader reader,
                 const WantedLayers& wanted) {
  WantedLayers left = wanted;
  const bool is_wanted = !left.layers.empty() || left.config || left.config_of;
  // What is only told by the way is not worth a start.
  if (LayerStore* store = store_for(engine, reader, is_wanted ? std::span(images) : std::span<const ImageInfo>())) {
    InPlace in_place(*store, left);
    for (const ImageInfo& image : images) in_place.read(image);
    for (const ImageInfo& image : images) in_place.tell_sizes(image);
  }
  if (left.layers.empty() && !left.config && !left.config_of) return;
  if (reader == LayerReader::store) throw_no_store(engine);
  std::vector<std::string> ids;
  uint64_t bytes = 0;
  for (const ImageInfo& image : images) {
    const std::vector<Digest>& layers = image.identity.diff_ids;
    const bool is_needed = left.config || left.config_of || std::ranges::any_of(layers, [&](const Digest& layer) {
                             return left.layers.contains(layer);
                           });
    if (!is_needed) continue;
    ids.push_back(image.id);
    bytes += image.size;
  }
  space.require_space(bytes);
  read_saved_layers(engine, ids, space, left);
}

void read_images(Engine& engine, const std::vector<ImageInfo>& images, const SpoolSpace& space, LayerReader reader,
                 const std::function<void(const StoredImage&)>& on_image) {
  LayerStore* store = store_for(engine, reader, images);
  std::vector<std::string> left;
  for (const ImageInfo& info : images) {
    const auto image = store != nullptr ? store->image(info) : std::nullopt;
    image ? on_image(*image) : left.push_back(info.id);
  }
  if (left.empty()) return;
  if (reader == LayerReader::store) throw_no_store(engine);
  WantedLayers nothing_but;
  nothing_but.on_image = on_image;
  read_saved_layers(engine, left, space, nothing_but);
}

}  // namespace docker_sync
