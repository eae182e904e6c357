// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What one SSH connection is made with: the configuration of the host with all defaults and %tokens filled in.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "transport/host_spec.h"
#include "transport/ssh_config.h"
#include "transport/ssh_files.h"

namespace docker_sync {

struct SshSettings {
  std::string host;  ///< what is resolved, connected to and looked up in known_hosts
  std::string user;
  uint16_t port = 22;
  std::string proxy_command;  ///< for a shell; empty: TCP
  std::string bind_address;
  std::chrono::milliseconds connect_timeout{};

  std::string user_known_hosts, global_known_hosts;
  bool may_ask_about_host_keys = true;  ///< false: StrictHostKeyChecking yes
  bool hash_known_hosts = false;

  std::vector<std::string> identity_files;
  bool identities_are_named = false;  ///< by IdentityFile, rather than the default ones
  std::string agent_socket;           ///< empty: $SSH_AUTH_SOCK
  bool use_public_keys = true, use_keyboard_interactive = true, use_passwords = true, use_gssapi = false;
  bool may_ask = true;  ///< false: BatchMode yes
  int password_tries = 3;

  /// Keywords that libssh takes as they are, with their values.
  std::vector<std::pair<std::string, std::string>> algorithms;
  bool compression = false;
};

/// REQUIRES: needs_system_ssh(config) said nothing. Throws ExitCode::usage on values that cannot be meant.
[[nodiscard]] SshSettings make_ssh_settings(const HostSpec& spec, const SshConfig& config, const SshFiles& files,
                                            const std::string& local_user);

/// The command that reaches `host`:`port` by way of the hosts of a ProxyJump value. Throws ExitCode::usage.
[[nodiscard]] std::string make_jump_command(const std::string& jumps, const std::string& host, uint16_t port,
                                            const SshFiles& files);

/// The texts of the configuration files that exist, the user's first, for resolve_ssh_config().
[[nodiscard]] std::vector<SshConfigText> read_ssh_config_files(const SshFiles& files);
/// Finds the files of an Include: ~ and * as the shell has them, relative ones beside the including file's kind.
[[nodiscard]] SshIncludeReader make_include_reader(const SshFiles& files);

}  // namespace docker_sync
