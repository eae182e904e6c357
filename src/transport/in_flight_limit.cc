// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/in_flight_limit.h"

#include <algorithm>
#include <optional>

namespace docker_sync {

namespace {

size_t limit_for(InFlightLimit::Duration round_trip) {
  const double milliseconds = std::chrono::duration<double, std::milli>(round_trip).count();
  return InFlightLimit::kNear + static_cast<size_t>(milliseconds * InFlightLimit::kPerMillisecond);
}

}  // namespace

InFlightLimit::InFlightLimit(int openssh_version, Duration guess, Duration at_most) : round_trip_(at_most) {
  if (openssh_version >= kTellsSoon) limit_ = limit_for(std::min(guess, at_most));
}

size_t InFlightLimit::share(Time now, size_t window) {
  if (unlimited()) return window;
  widest_ = std::max(widest_, window);
  const size_t in_flight = widest_ - window;
  // The last mark that was read: those before it waited until it was worth telling.
  std::optional<Time> sent_at;
  for (; !marks_.empty() && marks_.front().end + in_flight <= sent_; marks_.pop_front()) sent_at = marks_.front().sent;
  if (sent_at) {
    round_trip_ = std::min(round_trip_, now - *sent_at);
    limit_ = limit_for(round_trip_);
  }
  return std::min(window, limit_ - std::min(limit_, in_flight));
}

void InFlightLimit::sent(Time now, size_t bytes) {
  if (unlimited()) return;
  sent_ += bytes;
  marks_.push_back({sent_, now});
}

}  // namespace docker_sync
