// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// HOST as the user writes it on the command line: all forms that ssh takes, and host:port, which endpoint addresses
// use. Checked here once, since it ends up in an argument vector of ssh and in proxy commands that a shell reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace docker_sync {

struct HostSpec {
  std::string user;              ///< empty: not said
  std::string host;              ///< a name, an alias of ssh_config, or an address; IPv6 without brackets
  std::optional<uint16_t> port;  ///< nothing: not said

  /// Reads `host`, `user@host`, `host:port`, `[::1]`, `[::1]:port`, a bare IPv6 address, or `ssh://user@host:port`.
  /// Throws ExitCode::usage on empty parts, on what would be read as an option, and on what a shell would obey.
  [[nodiscard]] static HostSpec parse(std::string_view text);

  /// How messages name it: [user@]host[:port].
  [[nodiscard]] std::string display() const;

  bool operator==(const HostSpec&) const = default;
};

}  // namespace docker_sync
