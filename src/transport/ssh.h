// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The built-in SSH: a host reached, checked and logged in to, ready to run one command.
#pragma once

#include "transport/prompter.h"
#include "transport/remote_shell.h"
#include "transport/ssh_settings.h"

namespace docker_sync {

class SshLink;

class SshShell : public RemoteShell {
 public:
  /// Throws ExitCode::connection, host_key or authentication.
  SshShell(const SshSettings& settings, Prompter& prompter);
  ~SshShell() override;
  [[nodiscard]] std::unique_ptr<Channel> run(const std::string& command_line) override;

 private:
  std::unique_ptr<SshLink> link_;
};

/// What in the settings libssh refuses to take, such as a host name with an underscore; nothing if it takes all.
[[nodiscard]] std::optional<std::string> find_unsupported(const SshSettings& settings);

}  // namespace docker_sync
