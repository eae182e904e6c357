// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A way onto a host that can run one command line there: the built-in SSH, or a command such as ssh. The login shell
// of the user reads the command line, whichever shell that is.
#pragma once

#include <memory>
#include <string>

#include "base/channel.h"

namespace docker_sync {

class RemoteShell {
 public:
  virtual ~RemoteShell() = default;
  /// Starts `command_line` and gives its standard streams. REQUIRES: not called before; one connection, one command.
  [[nodiscard]] virtual std::unique_ptr<Channel> run(const std::string& command_line) = 0;
};

}  // namespace docker_sync
