// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Lines for the user that are neither result nor error: warnings, and with -v what is being done. They go to
// standard error, whole lines at a time; on the helper that is the SSH channel's second stream.
#pragma once

#include <string>

namespace docker_sync {

enum class LogLevel { quiet, warnings, verbose };

/// Set once by main before any thread starts.
void set_log_level(LogLevel level);

/// While progress is shown on the terminal's last line, what is logged takes that line's place.
void set_progress_shown(bool shown);

void warn(const std::string& line);
void verbose(const std::string& line);

}  // namespace docker_sync
