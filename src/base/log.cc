// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <unistd.h>

#include <utility>

#include "base/error.h"

namespace docker_sync {

namespace {

LogLevel g_level = LogLevel::warnings;

void put(std::string line) {
  line = "docker-sync: " + one_line(std::move(line)) + "\n";
  // One write, so that lines of several threads do not mix; a closed standard error is nobody's fault.
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

void set_log_level(LogLevel level) { g_level = level; }

void warn(const std::string& line) {
  if (g_level >= LogLevel::warnings) put(line);
}

void verbose(const std::string& line) {
  if (g_level >= LogLevel::verbose) put(line);
}

}  // namespace docker_sync
