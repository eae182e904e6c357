// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The modification times in a gap's headers, apart from the rest of it. A rebuilt layer has a new time in thousands of
// headers and nothing else new: with the times out of the way the same entries have the same bytes again, so that they
// can be known by a hash, and the times alone travel. Only headers that come back to the byte when their time is put
// back take part; in all others the time stays where it is.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "image/skeleton_format.h"

namespace docker_sync {

/// Takes the times out of a gap, in the order of its headers. Gaps that are the same without their times have the same
/// number of them.
[[nodiscard]] std::vector<uint64_t> take_times(MutableBytes gap);

/// Where in a gap the headers lie whose time can be told apart.
[[nodiscard]] std::vector<size_t> timed_headers(ByteView gap);

/// Gives each of those headers another time, the next of `next_time()`.
template <typename NextTime>
void replace_times(MutableBytes gap, NextTime&& next_time) {
  for (const size_t header : timed_headers(gap)) set_header_time(gap.subspan(header, kTarBlock), next_time());
}

/// Times as they go over the wire: most are one that was used lately.
class TimeEncoder {
 public:
  void put(uint64_t time);
  /// What was put since the last take(); what was used lately is still known.
  [[nodiscard]] Bytes take() { return std::exchange(bytes_, {}); }

 private:
  Bytes bytes_;
  skeleton::RecentValues<uint64_t> recent_{skeleton::kRecentTimes};
  uint64_t last_new_ = 0;
};

/// REQUIRES: is given what take() gave, in the same order.
class TimeDecoder {
 public:
  void feed(Bytes bytes);
  /// Throws ExitCode::protocol at the end of what was fed, or if it is damaged.
  [[nodiscard]] uint64_t next();
  [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }

 private:
  Bytes bytes_;
  size_t at_ = 0;
  skeleton::RecentValues<uint64_t> recent_{skeleton::kRecentTimes};
  uint64_t last_new_ = 0;
};

}  // namespace docker_sync
