// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The one place that knows which engines there are. Everything above sees an Engine.
#pragma once

#include <memory>
#include <string>

#include "engine/oci_directory.h"
#include "engine/store_container.h"

namespace docker_sync {

/// Addresses that are words.
inline constexpr const char* kDocker = "docker";
inline constexpr const char* kPodman = "podman";

struct EngineOptions {
  /// "unix:///path", "context:NAME" or "oci:FOLDER"; kDocker: wherever docker would look (docker_socket.h); kPodman:
  /// this user's Podman; empty: Docker, or Podman where no Docker is installed.
  std::string address;
  /// Of an image directory.
  StoreCompression store_compression = StoreCompression::none;
  /// Of a Docker whose store this user may not read: what a container that reads it is made of. Null: there is none.
  FindHelper find_helper;
};

/// Finds the engine and asks it who it is. Throws ExitCode::engine, with what to do, if there is none, if it does not
/// answer, or if this user may not use it.
[[nodiscard]] std::unique_ptr<Engine> open_engine(const EngineOptions& options);

}  // namespace docker_sync
