// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The layers of images, by way of the engine's save archive: the way that works with every engine and every right. The
// archive names its layers last or in ways that tell nothing (docs/engines.md), so each is known by its own hash:
// hashed while it is spooled, kept if it is wanted.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/spool.h"
#include "engine/engine.h"

namespace docker_sync {

struct SavedLayers {
  std::set<Digest> layers;       ///< wanted layers, by diff_id
  std::optional<Digest> config;  ///< wanted image config
  /// Called as soon as a layer is whole, in the order of the archive; once for each.
  std::function<void(const Digest& diff_id, std::unique_ptr<Spool> tar)> on_layer;
  std::function<void(Bytes config)> on_config;
  /// Every file of the archive that may be a layer, wanted or not: its hash and size. Optional.
  std::function<void(const Digest&, uint64_t size)> on_file;
  /// Bytes of the archive read so far.
  std::function<void(uint64_t)> on_progress;
};

/// Reads the save archive of `ids`. Scratch: the wanted layers, and the largest other one. Throws ExitCode::image when
/// something wanted does not come: then the image was removed, or its store is damaged.
void read_saved_layers(Engine& engine, const std::vector<std::string>& ids, const SpoolFolder& folder,
                       const SavedLayers& wanted);

}  // namespace docker_sync
