// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// How much of an SSH window to use. OpenSSH's server copies all that its command has not read yet each time that a
// packet comes, so a window of 2 MiB that is full makes it busy with copying rather than with passing on: pushing
// 100 MB took up to eleven times as long. As much as keeps the command busy is enough. Pure: no clock.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>

namespace docker_sync {

class InFlightLimit {
 public:
  /// OpenSSH tells that bytes were read as soon as it holds more than 96 KiB; twice that keeps it and us busy at once.
  static constexpr size_t kNear = 256 << 10;
  /// 131 MB/s, about what SSH carries: a host so far away that this is more than its window gets all of it.
  static constexpr size_t kPerMillisecond = 128 << 10;
  static constexpr int kTellsSoon = 5 << 16;  ///< OpenSSH 5.0

  /// No limit. Servers that wait until half of a window was read would wait forever for what is held back.
  InFlightLimit() = default;
  /// For a server of this version, as libssh has it (0: not OpenSSH), to which something went and came back in at
  /// most `round_trip`.
  InFlightLimit(int openssh_version, std::chrono::microseconds round_trip) {
    const auto far = static_cast<size_t>(round_trip.count()) * kPerMillisecond / 1000;
    if (openssh_version >= kTellsSoon) limit_ = kNear + far;
  }

  /// Bytes to send now, of the `window` that the host grants now; to be told it before anything is sent, too.
  [[nodiscard]] size_t share(size_t window) {
    widest_ = std::max(widest_, window);
    const size_t in_flight = widest_ - window;
    return std::min(window, limit_ - std::min(limit_, in_flight));
  }

 private:
  size_t limit_ = std::numeric_limits<size_t>::max();
  size_t widest_ = 0;
};

}  // namespace docker_sync
