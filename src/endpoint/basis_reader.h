// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Gets the layers of a basis out of an engine's images.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "endpoint/basis.h"
#include "engine/engine.h"
#include "engine/layer_reading.h"

namespace docker_sync {

struct BasisReading {
  std::vector<ImageInfo> images;
  std::set<Digest> layers;  ///< wanted ones of the basis, all in one of the images
  /// Of these, layers that must be read. `on_needed` is called as soon as such a layer is here.
  std::set<Digest> needed;
  std::function<void(const Digest&, const RandomAccess&)> on_needed;
  std::function<void(const StoredImage&)> on_image;  ///< as in WantedLayers
  std::function<void(uint64_t done, uint64_t total)> on_progress;
};

/// Reads into `basis`, without sealing it. An image that cannot be read is no failure: its layers are left out with a
/// warning; only what is needed must come, else ExitCode::image. Scratch: as read_layers().
void read_basis(Engine& engine, const SpoolSpace& space, LayerReader reader, const BasisReading& reading,
                Basis& basis);

/// As few of the images as easily found that hold all of `layers` that any of them holds; what none holds is taken out
/// of `layers`.
[[nodiscard]] std::vector<ImageInfo> images_holding(const std::vector<ImageInfo>& images, std::set<Digest>& layers);

}  // namespace docker_sync
