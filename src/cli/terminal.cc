// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "base/bytes.h"

namespace docker_sync {

namespace {

constexpr size_t kMaxLine = 4096;
constexpr size_t kDefaultColumns = 80;

/// Environment variables count as set when they are not empty.
std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

}  // namespace

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1 && environment("TERM") != "dumb"; }

bool wants_colours(int descriptor) { return environment("NO_COLOR").empty() && is_terminal(descriptor); }

size_t terminal_columns(int descriptor) {
  winsize size{};
  return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kDefaultColumns;
}

TerminalPrompter::TerminalPrompter(const char* path) : terminal_(::open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)) {
  if (terminal_ && ::isatty(terminal_.get()) != 1) terminal_.reset();
}

std::optional<std::string> TerminalPrompter::secret(const std::string& prompt) {
  hide_typing();
  write_all(terminal_, as_bytes(prompt));
  std::optional<std::string> answer;
  try {
    answer = read_line();
  } catch (...) {
    restore();
    throw;
  }
  restore();
  write_all(terminal_, as_bytes("\n"));  // The one that was typed was not shown.
  return answer;
}

bool TerminalPrompter::confirm(const std::string& question) {
  write_all(terminal_, as_bytes(question + " (yes/no) "));
  while (true) {
    const auto answer = read_line();
    if (!answer || lower(*answer) == "no") return false;
    if (lower(*answer) == "yes") return true;
    write_all(terminal_, as_bytes("Please type yes or no: "));
  }
}

std::optional<std::string> TerminalPrompter::read_line() {
  std::string line;
  line.reserve(kMaxLine);  // A secret that is moved as it grows would leave copies of itself.
  while (line.size() < kMaxLine) {
    // Byte by byte: what is typed ahead belongs to the next question, or to the shell.
    uint8_t byte = 0;
    if (read_some(terminal_, {&byte, 1}).value_or(0) == 0) return std::nullopt;
    if (byte == '\n' || byte == '\r') return line;
    line += static_cast<char>(byte);
  }
  return std::nullopt;
}

void TerminalPrompter::hide_typing() {
  const std::lock_guard lock(mutex_);
  termios settings{};
  if (::tcgetattr(terminal_.get(), &settings) != 0) return;
  shown_ = settings;
  settings.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK | ECHONL);
  settings.c_lflag |= ICANON;
  ::tcsetattr(terminal_.get(), TCSAFLUSH, &settings);
}

void TerminalPrompter::restore() noexcept {
  const std::lock_guard lock(mutex_);
  if (shown_) ::tcsetattr(terminal_.get(), TCSANOW, &*shown_);
  shown_.reset();
}

}  // namespace docker_sync
