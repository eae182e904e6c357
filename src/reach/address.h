// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// An end of a sync as the user writes it. Read here once, without looking at anything: what a context or DOCKER_HOST
// says is asked when the end is reached (reach.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "transport/host_spec.h"

namespace docker_sync {

struct Address {
  enum class Kind {
    local,    ///< `local`: the engine that docker would use
    podman,   ///< `podman`
    ssh,      ///< `[ssh://][user@]host[:port]`, `ssh://...[/path]`, `sshunix://[user@]host:/path`
    socket,   ///< `unix:///path`
    tcp,      ///< `tcp://host[:port]`
    context,  ///< `context:NAME`
    oci,      ///< `oci:DIR`, `oci:[user@]host:DIR`
  };

  Kind kind = Kind::local;
  std::optional<HostSpec> host;  ///< ssh, tcp; oci: if the directory is elsewhere
  std::string path;              ///< ssh, socket: of the engine's socket, empty: the usual one; oci: the directory
  std::string context;           ///< its name

  /// Throws ExitCode::usage, saying what is wrong with `text`, on any other form, on empty parts, on a path that does
  /// not begin with '/', and on all that HostSpec::parse() refuses.
  [[nodiscard]] static Address parse(std::string_view text);

  /// How messages name it.
  [[nodiscard]] std::string display() const;

  bool operator==(const Address&) const = default;
};

}  // namespace docker_sync
