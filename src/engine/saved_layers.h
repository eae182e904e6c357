// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The layers of images, by way of the engine's save archive: the way that works with every engine and every right. The
// archive names its layers last or in ways that tell nothing, and may hold them compressed (docs/engines.md), so each
// is known by the hash of its tar: hashed while it is spooled, kept if it is wanted. What seems to be one that is wanted
// may be read while it is spooled, all but its end.
#pragma once

#include <string>
#include <vector>

#include "engine/layer_reading.h"

namespace docker_sync {

/// Reads the save archive of `ids`. A layer that comes is in a spool. What ends the reading ends the waiting for a layer
/// that has not come to its end. Throws as read_layers(), and says which blob the
/// engine did not give out.
void read_saved_layers(Engine& engine, const std::vector<std::string>& ids, const SpoolSpace& space,
                       const WantedLayers& wanted);

}  // namespace docker_sync
