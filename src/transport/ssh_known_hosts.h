// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Whether the host is who it says it is: its key against the known_hosts files, as ssh does it.
#pragma once

#include "transport/prompter.h"
#include "transport/ssh_link.h"

namespace docker_sync {

/// Returns if the key is known, or if the person says yes to it; it is then added to the user's file. Throws
/// ExitCode::host_key if it is unknown and nobody says yes, or has changed.
void check_host_key(const SshLink& link, const SshSettings& settings, Prompter& prompter);

/// A known_hosts name hidden as HashKnownHosts has it: |1|salt|HMAC-SHA1(salt, name), both in base64.
[[nodiscard]] std::string hash_host_name(std::string_view name, std::span<const uint8_t, 20> salt);

}  // namespace docker_sync
