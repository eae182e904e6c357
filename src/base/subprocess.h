// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A child process with pipes on its standard streams, started from an argument vector, never through a shell.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"

namespace docker_sync {

class Subprocess {
 public:
  struct Streams {
    bool input = true, output = true, error = false;  ///< which get a pipe; the others are inherited
    bool socket = false;                              ///< one socket, ours being `input`, for input and output both
    bool own_group = false;                           ///< out of reach of the terminal's signals
  };

  /// Looks the program up in PATH. Throws ExitCode::usage if it cannot be started.
  Subprocess(const std::vector<std::string>& arguments, Streams streams);
  Subprocess(Subprocess&&) = delete;
  /// Closes the pipes and waits for the child; one that does not end within two seconds is terminated, and two seconds
  /// later killed.
  ~Subprocess();

  Fd input, output, error;  ///< our ends

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const noexcept;
  /// Waits for its end: the exit status, or 128 + the signal's number.
  int wait();
  /// The same if it has ended already.
  [[nodiscard]] std::optional<int> poll_status();

 private:
  bool ends_within(std::chrono::milliseconds time);

  pid_t pid_ = -1;
  std::optional<int> status_;
};

}  // namespace docker_sync
