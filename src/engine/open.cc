// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/open.h"

#include "base/log.h"
#include "engine/docker.h"
#include "engine/docker_socket.h"

namespace docker_sync {

std::unique_ptr<Engine> open_engine(const EngineOptions& options) {
  static constexpr std::string_view kDirectory = "oci:";
  if (options.address.starts_with(kDirectory)) {
    return std::make_unique<OciDirectory>(options.address.substr(kDirectory.size()), options.store_compression);
  }
  const std::string path = find_docker_socket(options.address, host_surroundings());
  auto engine = std::make_unique<DockerEngine>([path] { return connect_unix(path); });
  verbose(engine->description() + " at " + path);
  return engine;
}

}  // namespace docker_sync
