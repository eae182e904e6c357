// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/basis_reader.h"

#include <algorithm>

#include "base/log.h"

namespace docker_sync {

void read_basis(Engine& engine, const SpoolSpace& space, LayerReader reader, const BasisReading& reading,
                Basis& basis) {
  uint64_t total = 0;
  for (const ImageInfo& image : reading.images) total += image.size;
  std::set<Digest> missing = reading.needed;
  WantedLayers wanted;
  wanted.layers = reading.layers;
  wanted.on_layer = [&](const Digest& diff_id, std::unique_ptr<RandomAccess> tar) {
    const RandomAccess& there = basis.add(basis.number_of(diff_id), std::move(tar));
    if (missing.erase(diff_id) > 0) reading.on_needed(diff_id, there);
  };
  wanted.on_image = reading.on_image;
  wanted.on_progress = [&](uint64_t done) {
    if (reading.on_progress) reading.on_progress(done, total);
  };
  try {
    if (!reading.images.empty()) read_layers(engine, reading.images, space, reader, wanted);
  } catch (const Error& error) {
    // What has come is as good a basis as before; only what must be here is missed.
    const bool cannot_save = error.code() == ExitCode::engine && reader != LayerReader::store && missing.empty();
    if (error.code() != ExitCode::image && !cannot_save) throw;
    warn(std::string("a basis image could not be read whole (") + error.what() + "), more will be sent");
  }
  if (!missing.empty()) {
    throw Error(ExitCode::image, "layer " + missing.begin()->brief() + " was removed while syncing", "try again");
  }
}

std::vector<ImageInfo> images_holding(const std::vector<ImageInfo>& images, std::set<Digest>& layers) {
  std::vector<ImageInfo> holding;
  std::set<Digest> missing = layers;
  while (!missing.empty()) {
    const auto held = [&](const ImageInfo& image) {
      const auto& chain = image.identity.diff_ids;
      return std::count_if(chain.begin(), chain.end(), [&](const Digest& layer) { return missing.contains(layer); });
    };
    const auto best = std::max_element(images.begin(), images.end(),
                                       [&](const ImageInfo& a, const ImageInfo& b) { return held(a) < held(b); });
    if (best == images.end() || held(*best) == 0) break;
    for (const Digest& layer : best->identity.diff_ids) missing.erase(layer);
    holding.push_back(*best);
  }
  for (const Digest& layer : missing) layers.erase(layer);
  return holding;
}

}  // namespace docker_sync
