// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A clock for each stage of some work, so that the next slow one is seen at once: seconds that threads were in it,
// waiting included unless that is a stage of its own, and the bytes that went through it. Several threads may be in one
// stage, so seconds may be more than have passed.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace docker_sync {

class StageTimes {
 public:
  struct Entry {
    std::string stage;
    std::chrono::nanoseconds time{0};
    uint64_t bytes = 0;
  };

  /// Any thread, as all().
  void add(std::string_view stage, std::chrono::nanoseconds time, uint64_t bytes);
  /// In the order in which they were first heard of.
  [[nodiscard]] std::vector<Entry> all() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
};

/// While it lives its thread is in that stage, and not in the one that it was in before.
class InStage {
 public:
  /// Both must outlive it.
  InStage(StageTimes& times, std::string_view stage, uint64_t bytes = 0);
  ~InStage();
  InStage(const InStage&) = delete;
  InStage& operator=(const InStage&) = delete;
  void add_bytes(uint64_t bytes) { bytes_ += bytes; }

 private:
  using Clock = std::chrono::steady_clock;

  StageTimes& times_;
  const std::string_view stage_;
  uint64_t bytes_;
  InStage* const outer_;
  Clock::time_point since_;
  Clock::duration time_{0};
};

}  // namespace docker_sync
