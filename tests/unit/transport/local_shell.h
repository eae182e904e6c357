// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A RemoteShell without a network: the command line goes to a shell of this machine, as sshd gives it to the user's.
#pragma once

#include "scratch.h"
#include "transport/process.h"
#include "transport/remote_shell.h"

namespace docker_sync::test {

class LocalShell : public RemoteShell {
 public:
  /// `shell`: what runs a command line, such as {"fish", "-c"}. `environment`: all that the command sees of it.
  LocalShell(std::vector<std::string> shell, const std::vector<std::string>& environment)
      : arguments_{"env", "-i"} {
    arguments_.insert(arguments_.end(), environment.begin(), environment.end());
    arguments_.insert(arguments_.end(), shell.begin(), shell.end());
  }
  [[nodiscard]] std::unique_ptr<Channel> run(const std::string& command_line) override {
    std::vector<std::string> arguments = arguments_;
    arguments.push_back(command_line);
    return std::make_unique<ProcessChannel>(arguments);
  }

 private:
  std::vector<std::string> arguments_;
};

}  // namespace docker_sync::test
