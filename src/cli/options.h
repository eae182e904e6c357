// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The command line, read once into what the program is to do. The parser's library stays within options.cc; names of
// hosts and images are checked here, so that a mistyped one is told before anything is connected.
#pragma once

#include <string>

#include "base/log.h"
#include "cli/ends.h"
#include "image/layer_blob.h"
#include "reach/tcp_engine.h"
#include "sync/sync.h"

namespace docker_sync {

struct Options {
  enum class Task { report, sync, help, version };
  Task task = Task::report;

  Ends ends;
  Selection selection;         ///< for a report: which images are shown, all if it selects none
  std::string tmpfolder;       ///< of this host; empty: the default
  std::string remote_tmpfolder;
  std::string engine;          ///< of this host: an address for open_engine()
  std::string remote_engine;   ///< likewise, of the other one
  std::string rsh;             ///< empty: the built-in SSH
  bool sudo = false;           ///< the helpers of SSH hosts run as root
  bool helper_containers = true;  ///< engines may be made to run one, at either end
  StoreCompression store_compression = StoreCompression::none;  ///< of image directories that are destinations
  TlsOptions tls;
  bool json = false;
  bool timings = false;
  LogLevel log_level = LogLevel::warnings;
  bool progress = false;       ///< shown while a sync goes on

  [[nodiscard]] bool is_quiet() const { return log_level == LogLevel::quiet; }
};

/// `is_terminal`: whether standard error is one, for the default of --progress. Throws ExitCode::usage with one line.
[[nodiscard]] Options parse_options(int argc, const char* const* argv, bool is_terminal);

/// Ends with a line break.
[[nodiscard]] std::string help_text();
[[nodiscard]] std::string version_text();

}  // namespace docker_sync
