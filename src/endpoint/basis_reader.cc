// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/basis_reader.h"

#include <algorithm>

#include "base/log.h"

namespace docker_sync {

void read_basis(Engine& engine, const SpoolFolder& folder, const BasisReading& reading, Basis& basis) {
  std::vector<std::string> ids;
  uint64_t total = 0;
  for (const std::string& id : reading.images) {
    if (const auto image = engine.inspect(id)) {
      ids.push_back(image->id);
      total += image->size;
    }
  }
  folder.require_space(total);
  std::set<Digest> missing = reading.needed;
  SavedLayers wanted;
  wanted.layers = reading.layers;
  wanted.on_layer = [&](const Digest& diff_id, std::unique_ptr<Spool> tar) {
    if (missing.erase(diff_id) > 0) reading.on_needed(diff_id, *tar);
    basis.add(basis.number_of(diff_id), std::move(tar));
  };
  wanted.on_image = reading.on_image;
  wanted.on_progress = [&](uint64_t done) {
    if (reading.on_progress) reading.on_progress(done, total);
  };
  try {
    if (!ids.empty()) read_saved_layers(engine, ids, folder, wanted);
  } catch (const Error& error) {
    // What has come is as good a basis as before; only what must be here is missed.
    if (error.code() != ExitCode::image) throw;
    warn(std::string("a basis image could not be read whole (") + error.what() + "), more will be sent");
  }
  if (!missing.empty()) {
    throw Error(ExitCode::image, "layer " + missing.begin()->brief() + " was removed while syncing", "try again");
  }
}

std::vector<std::string> images_holding(const std::vector<ImageInfo>& images, std::set<Digest>& layers) {
  std::vector<std::string> ids;
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
    ids.push_back(best->id);
  }
  for (const Digest& layer : missing) layers.erase(layer);
  return ids;
}

}  // namespace docker_sync
