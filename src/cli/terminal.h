// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What the program knows of the terminal it runs on, and the person at it, who is asked on /dev/tty as ssh asks:
// standard input and output may well be pipes.
#pragma once

#include <termios.h>

#include <mutex>
#include <optional>
#include <string>

#include "base/fd.h"
#include "transport/prompter.h"

namespace docker_sync {

/// Whether the descriptor is a terminal that obeys escape sequences.
[[nodiscard]] bool is_terminal(int descriptor);

/// The same, unless the user does not want colours (https://no-color.org).
[[nodiscard]] bool wants_colours(int descriptor);

/// How many columns it has; 80 where it does not say.
[[nodiscard]] size_t terminal_columns(int descriptor);

class TerminalPrompter : public Prompter {
 public:
  /// Opens `path`; where that is no terminal there is nobody to ask.
  explicit TerminalPrompter(const char* path = "/dev/tty");
  ~TerminalPrompter() override { restore(); }

  [[nodiscard]] bool interactive() const override { return static_cast<bool>(terminal_); }
  [[nodiscard]] std::optional<std::string> secret(const std::string& prompt) override;
  [[nodiscard]] bool confirm(const std::string& question) override;

  /// Shows again what is typed, if a secret is being asked for. For whoever ends the program; any thread.
  void restore() noexcept;

 private:
  /// Without its line break; nothing at the end of input.
  [[nodiscard]] std::optional<std::string> read_line();
  void hide_typing();

  Fd terminal_;
  std::mutex mutex_;
  std::optional<termios> shown_;  ///< guarded by mutex_; the settings to go back to
};

}  // namespace docker_sync
