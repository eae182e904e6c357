// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// How much of an SSH window to use. OpenSSH's server gets a new and larger buffer with each packet that its command has
// not read yet, and copies all to it: a window of 2 MiB that fills costs it hundreds of megabytes of new memory, in
// which time it passes little on. As much as keeps both ends busy is enough. Pure: the caller has the clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>

namespace docker_sync {

class InFlightLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  /// OpenSSH tells that bytes were read as soon as it has had more than 96 KiB.
  static constexpr size_t kNear = 256 << 10;
  /// 131 MB/s, about what SSH carries: a host so far away that this is more than its window gets all of it.
  static constexpr size_t kPerMillisecond = 128 << 10;
  static constexpr int kTellsSoon = 5 << 16;  ///< OpenSSH 5.0

  /// No limit. Servers that wait until half of a window was read would wait forever for what is held back.
  InFlightLimit() = default;
  /// For a server of this version, as libssh has it (0: not OpenSSH). `guess`: how long it takes to it and back, until
  /// there is a better measure; `at_most`: how long a request took, which a busy server may have let lie.
  InFlightLimit(int openssh_version, Duration guess, Duration at_most);

  /// Bytes to send now, of the `window` that the host grants now; to be told it before anything is sent, too.
  [[nodiscard]] size_t share(Time now, size_t window);
  void sent(Time now, size_t bytes);

 private:
  struct Mark {
    uint64_t end;  ///< place in all that was sent
    Time sent;
  };

  [[nodiscard]] bool unlimited() const { return limit_ == std::numeric_limits<size_t>::max(); }

  size_t limit_ = std::numeric_limits<size_t>::max();
  Duration round_trip_{};  ///< the shortest so far
  std::deque<Mark> marks_;
  uint64_t sent_ = 0;
  size_t widest_ = 0;
};

}  // namespace docker_sync
