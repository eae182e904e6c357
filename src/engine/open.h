// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The one place that knows which engines there are. Everything above sees an Engine.
#pragma once

#include <memory>
#include <string>

#include "engine/oci_directory.h"

namespace docker_sync {

struct EngineOptions {
  /// "unix:///path", "context:NAME" or "oci:FOLDER"; empty: wherever docker would look (docker_socket.h).
  std::string address;
  /// Of an image directory.
  StoreCompression store_compression = StoreCompression::none;
};

/// Finds the engine and asks it who it is. Throws ExitCode::engine, with what to do, if there is none, if it does not
/// answer, or if this user may not use it.
[[nodiscard]] std::unique_ptr<Engine> open_engine(const EngineOptions& options);

}  // namespace docker_sync
