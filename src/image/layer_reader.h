// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace docker_sync {

/// How an endpoint gets at the layers of its engine.
enum class LayerReader : uint8_t {
  automatic = 0,  ///< in the engine's store where it can be read, else as save
  save = 1,       ///< by the engine's save archive, which every user of the engine can have
  store = 2,      ///< in the store or not at all
};

}  // namespace docker_sync
