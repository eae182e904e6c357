// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Runs the podman program, and reads what it prints. It is the way that works for every user: Podman's service is not
// running where nobody turned it on, and rootless Podman has no daemon that could be asked.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/io.h"
#include "base/subprocess.h"

namespace docker_sync {

struct CommandResult {
  int status = 0;
  std::string output, errors;
};

/// Runs a command to its end, and gives it `input`, if any, as standard input. If input.read() throws, what it throws
/// is thrown on, once the command has ended with what it had until then, or ten seconds later. Memory: the output, at
/// most 256 MiB, and 64 KiB of errors. Throws ExitCode::engine if the program is not there.
[[nodiscard]] CommandResult run_command(const std::vector<std::string>& arguments, Source* input = nullptr);

/// The standard output of a command while it runs. Letting go of it ends the command.
class CommandOutput : public Source {
 public:
  explicit CommandOutput(const std::vector<std::string>& arguments);

  /// At its end throws the words of throw_podman_error() if the command failed.
  [[nodiscard]] size_t read(MutableBytes out) override;

 private:
  void listen();

  std::unique_ptr<Subprocess> process_;
  std::string errors_;
};

}  // namespace docker_sync
