// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Whether the built-in SSH does all that the user's files ask for. libssh 0.10 skips many keywords without a word;
// where one of them could change who is reached, how, or as whom, the system's ssh is run instead (process.h).
// What only concerns terminals, forwardings and local commands is no reason: scp turns that off as well.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "transport/ssh_config.h"

namespace docker_sync {

/// What in the configuration the built-in SSH would drop, as "Keyword (file line N)"; nothing if it honours all.
[[nodiscard]] std::optional<std::string> needs_system_ssh(const SshConfig& config);

/// The same for configuration texts, the user's before the system's.
[[nodiscard]] std::optional<std::string> needs_system_ssh(std::span<const SshConfigText> files,
                                                          const SshConfigQuery& query,
                                                          const SshIncludeReader& read_include);

/// The marker (@revoked, @cert-authority) that a known_hosts file has for `host`, with the line; nothing if none.
/// A marked line whose names are hashed counts for every host: ssh will know.
[[nodiscard]] std::optional<std::string> find_known_hosts_marker(std::string_view text, const std::string& path,
                                                                 const std::string& host, uint16_t port);

}  // namespace docker_sync
