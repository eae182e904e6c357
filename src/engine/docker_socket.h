// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Where Docker listens on this host, found as the docker client finds it. The host's environment and files come in as
// functions, so that the search is pure and every case of it a test.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace docker_sync {

enum class SocketState { absent, denied, usable };

/// What the search may look at.
struct Surroundings {
  std::function<std::string(const std::string& name)> variable;             ///< of the environment; "" if unset
  std::function<std::optional<std::string>(const std::string& path)> file;  ///< contents; nothing if unreadable
  std::function<SocketState(const std::string& path)> socket;
  unsigned user_id = 0;
};

/// This process's own.
[[nodiscard]] Surroundings host_surroundings();

/// The path of the socket. `address` is "unix:///path" or "context:NAME", or empty: then, as docker has it,
/// DOCKER_HOST, else the context that DOCKER_CONTEXT or the configuration names, else the first usable one of
/// /var/run/docker.sock and the rootless daemon's places. A socket that was named need not exist; connecting tells. Throws ExitCode::engine
/// for anything but a unix socket and for a context that is not there.
[[nodiscard]] std::string find_docker_socket(const std::string& address, const Surroundings& host);

}  // namespace docker_sync
