// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The layers of images, by way of the engine's save archive: the way that works with every engine and every right. The
// archive names its layers last or in ways that tell nothing, and may hold them compressed (docs/engines.md), so each
// is known by the hash of its tar: hashed while it is spooled, kept if it is wanted.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/spool.h"
#include "engine/engine.h"
#include "image/config.h"

namespace docker_sync {

/// An image that a save archive holds whole.
struct SavedImage {
  Bytes config;
  std::vector<Digest> diff_ids;
  std::vector<Descriptor> blobs;  ///< its layers as the engine stores them; as many as diff_ids
};

struct SavedLayers {
  std::set<Digest> layers;       ///< wanted layers, by diff_id
  std::optional<Digest> config;  ///< wanted image config
  /// Where the config's digest is not known: the config of the image that has these layers.
  std::optional<std::vector<Digest>> config_of;
  /// Called as soon as a layer is whole, in the order of the archive; once for each. Always the tar, uncompressed.
  std::function<void(const Digest& diff_id, std::unique_ptr<Spool> tar)> on_layer;
  std::function<void(Bytes config)> on_config;
  /// Every file of the archive that may be a layer, wanted or not: the hash and the size of its tar. Optional.
  std::function<void(const Digest&, uint64_t size)> on_file;
  /// Each image of which everything has come, when the archive has ended; those first that the engine would run.
  /// Never for Docker before 25, whose archives have no manifests. Optional.
  std::function<void(const SavedImage&)> on_image;
  /// Bytes of the archive read so far. Optional.
  std::function<void(uint64_t)> on_progress;
};

/// Reads the save archive of `ids`. Scratch: the wanted layers, and the largest other one. Memory: 16 MiB of metadata
/// at most, and what a decoder needs (image/layer_blob.h). Throws ExitCode::image, and says which blob the engine did
/// not give out, when something wanted does not come: then the image was removed, or its store is damaged.
void read_saved_layers(Engine& engine, const std::vector<std::string>& ids, const SpoolFolder& folder,
                       const SavedLayers& wanted);

}  // namespace docker_sync
