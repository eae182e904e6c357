// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <utility>

#include "base/error.h"

namespace docker_sync {

namespace {

LogLevel g_level = LogLevel::warnings;
std::atomic<bool> g_progress_shown = false;
constexpr const char* kEraseLine = "\r\033[K";

void put(std::string line) {
  line = std::string(g_progress_shown ? kEraseLine : "") + "docker-sync: " + one_line(std::move(line)) + "\n";
  // One write, so that lines of several threads do not mix; a closed standard error is nobody's fault.
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

void set_log_level(LogLevel level) { g_level = level; }

void set_progress_shown(bool shown) { g_progress_shown = shown; }

void warn(const std::string& line) {
  if (g_level >= LogLevel::warnings) put(line);
}

void verbose(const std::string& line) {
  if (g_level >= LogLevel::verbose) put(line);
}

}  // namespace docker_sync
