// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Tells the controller how far a stage is, if anybody looks at it, and a few times a second at most: progress must not
// cost bytes on a bad link.
#pragma once

#include <array>
#include <chrono>
#include <mutex>

#include "wire/connection.h"

namespace docker_sync {

class ProgressReporter {
 public:
  explicit ProgressReporter(Connection& connection) : connection_(&connection) {}

  /// Without this nothing is told. Before any report.
  void enable() { enabled_ = true; }

  /// Any thread. Drops what comes too soon after the last of its stage, except a stage's end (done == total).
  void report(Stage stage, uint64_t done, uint64_t total, const std::optional<Digest>& layer = std::nullopt);

 private:
  static constexpr std::chrono::milliseconds kInterval{250};

  Connection* connection_;
  bool enabled_ = false;
  std::mutex mutex_;
  std::array<std::chrono::steady_clock::time_point, 5> last_{};
};

}  // namespace docker_sync
