// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Reads what Docker says while it loads or imports: JSON objects, one a line. Two kinds matter, what was loaded and
// what went wrong; an error comes here more often than as an HTTP status, since the status is sent before the archive
// is read. Memory: one line (1 MiB at most) and the names.
#pragma once

#include <string>
#include <vector>

#include "base/io.h"

namespace docker_sync {

class LoadProgress : public Sink {
 public:
  /// Throws ExitCode::engine (ExitCode::disk if the engine's disk is full) with Docker's words as soon as it reports an
  /// error, and on lines that are not JSON.
  void write(ByteView bytes) override;
  /// The answer is complete: takes a last line that has no end.
  void finish();

  /// IDs and names of what was loaded or imported, as Docker said them, each once and in order.
  [[nodiscard]] const std::vector<std::string>& loaded() const { return loaded_; }

 private:
  void take_line();
  void take_text(const std::string& text);
  void add(const std::string& name);

  std::string line_;
  std::vector<std::string> loaded_;
};

/// Throws Docker's own words, ExitCode::disk where they say that its disk is full.
[[noreturn]] void throw_docker_error(const std::string& doing, const std::string& message);

}  // namespace docker_sync
