// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/progress_reporter.h"

namespace docker_sync {

void ProgressReporter::report(Stage stage, uint64_t done, uint64_t total, const std::optional<Digest>& layer) {
  if (!enabled_) return;
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    auto& last = last_.at(static_cast<size_t>(stage));
    if (now - last < kInterval && (total == 0 || done < total)) return;
    last = now;
  }
  connection_->send(Progress{stage, done, total, layer});
}

}  // namespace docker_sync
