// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Where ssh keeps what it knows. Handed down rather than looked up on the way, so that a test has a home of its own.
#pragma once

#include <string>
#include <vector>

namespace docker_sync {

struct SshFiles {
  std::string home;                     ///< what ~ means
  std::string user_config;              ///< ~/.ssh/config
  std::string system_config;            ///< /etc/ssh/ssh_config
  std::string user_known_hosts;         ///< ~/.ssh/known_hosts
  std::string global_known_hosts;       ///< /etc/ssh/ssh_known_hosts
  std::vector<std::string> identities;  ///< keys tried where the configuration names none
  bool as_ssh_has_them = false;         ///< whether ssh itself would look at just these places

  /// The places of the user who runs the program: under $HOME, else under the home that the user database names.
  [[nodiscard]] static SshFiles of_user();
  /// The same layout under another home, and nothing of the system's.
  [[nodiscard]] static SshFiles under(const std::string& home);
};

/// The name that the user database has for the user who runs the program. Throws ExitCode::usage if there is none.
[[nodiscard]] std::string local_user_name();

}  // namespace docker_sync
