// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// From the HOST that a user wrote to a helper that runs there: which SSH to use, then who we are, then the helper.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "transport/bootstrap.h"
#include "transport/host_spec.h"
#include "transport/prompter.h"
#include "transport/ssh_files.h"

namespace docker_sync {

struct ConnectOptions {
  std::string rsh;                       ///< what --rsh says; empty: the built-in SSH, or the system's where needed
  SshFiles files;                        ///< SshFiles::of_user(), but for tests
  Prompter* prompter = nullptr;          ///< null: nobody can be asked
  std::span<const HelperImage> helpers;  ///< one for each machine type
  HelperCommand helper;
};

/// Throws what SshShell and start_helper() throw, with the host's name in it.
[[nodiscard]] StartedHelper connect(const HostSpec& host, const ConnectOptions& options);

/// The way onto the host alone, nothing started there yet (but --rsh commands connect only when they run).
[[nodiscard]] std::unique_ptr<RemoteShell> open_shell(const HostSpec& host, const ConnectOptions& options);

/// Why the built-in SSH would not do for this host, or nothing. Reads the configuration and known_hosts files.
[[nodiscard]] std::optional<std::string> find_reason_for_system_ssh(const HostSpec& host, const SshFiles& files);

}  // namespace docker_sync
