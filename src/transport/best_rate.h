// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// How fast a host's TCP takes bytes at best: a disk that has to be waited for is no slow link, nor a shell that starts
// programs first. The best of some spans, as between them the host may have had no room, or nothing to take.
// Rejected: the kernel's delivery rate, which takes what a shaper lets pass at once for the link. Pure: no clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>

namespace docker_sync {

class BestRate {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// What a rate is measured over: much more than a shaper's burst, and a third of a helper.
  static constexpr uint64_t kSpanBytes = 1 << 20;

  /// `taken`: bytes so far. To be told often: what comes between two calls counts as taken at the second.
  void note(Time now, uint64_t taken);
  /// Bytes per second; 0 as long as too few were taken.
  [[nodiscard]] uint64_t bytes_per_second() const { return best_; }

 private:
  struct Mark {
    Time at;
    uint64_t taken;
  };
  static constexpr uint64_t kMarkBytes = 128 << 10;

  std::deque<Mark> marks_;
  uint64_t best_ = 0;
};

}  // namespace docker_sync
