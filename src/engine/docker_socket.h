// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Where Docker listens, found as the docker client finds it. The host's environment and files come in as
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

/// Where an engine is to be found, and who said so.
struct DockerPlace {
  std::string url;         ///< "unix:///path", or whatever else was named: "tcp://host:port", "ssh://user@host", ...
  std::string origin;      ///< for messages: "DOCKER_HOST", "the docker context 'work'"
  std::string tls_folder;  ///< of a context: where its ca.pem, cert.pem and key.pem are; empty: it has none
  bool skip_verification = false;  ///< of a context: it trusts any certificate
  bool is_context = false;
};

/// `address` is a URL, which is taken as it is, or "context:NAME", or empty: then, as docker has it, DOCKER_HOST, else
/// the context that DOCKER_CONTEXT or the configuration names, else the first usable one of /var/run/docker.sock and
/// the rootless daemon's places. A socket that was named need not exist; connecting tells. Throws ExitCode::engine for
/// a context that is not there.
[[nodiscard]] DockerPlace find_docker(const std::string& address, const Surroundings& host);

/// The path of the socket, where only a socket will do: the helper serves the engine of its own host. Throws as
/// find_docker(), and for anything but a unix socket.
[[nodiscard]] std::string find_docker_socket(const std::string& address, const Surroundings& host);

}  // namespace docker_sync
