// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/ssh.h"

#include <cassert>

#include "base/error.h"
#include "transport/ssh_auth.h"
#include "transport/ssh_channel.h"
#include "transport/ssh_known_hosts.h"

namespace docker_sync {

SshShell::SshShell(const SshSettings& settings, Prompter& prompter) : link_(std::make_unique<SshLink>(settings)) {
  check_host_key(*link_, settings, prompter);
  authenticate(*link_, settings, prompter);
}

SshShell::~SshShell() = default;

std::optional<std::string> find_unsupported(const SshSettings& settings) {
  try {
    const SshSessionHandle session = make_ssh_session(settings);
    return std::nullopt;
  } catch (const Error& error) {
    return error.failure();
  }
}

std::unique_ptr<Channel> SshShell::run(const std::string& command_line) {
  assert(link_);
  return std::make_unique<SshChannel>(std::move(link_), command_line);
}

}  // namespace docker_sync
