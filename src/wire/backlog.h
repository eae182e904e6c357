// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// How much of a stream is under way, and how fast it arrives: measured by the credits that come back, thus over the
// whole way, relays and pipes included. A credit says how long its bytes lay there before they were read, so a reader
// that is slow is not taken for a slow link. What a writer adds to an idle link says little about the link, so only
// bytes that had to queue measure it (as in draft-cheng-iccrg-delivery-rate-estimation); others show the least that it
// takes. Rejected: the time that a write blocks, which knows the nearest pipe only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace docker_sync {

struct Backlog {
  size_t bytes = 0;                          ///< sent, and not yet consumed by the peer's reader
  size_t window = 0;                         ///< the most that `bytes` can be
  uint64_t bytes_per_second = 0;             ///< as they arrived lately; 0: unknown
  bool saturated = false;                    ///< that rate is all that the way takes, not just the least
  std::chrono::duration<double> latency{0};  ///< between sending and arrival on an idle link
  bool reader_is_behind = false;             ///< bytes lie there unread, so they are no work that the link still has

  /// How long the way has still to do before it idles: its latency is no work. Nothing if no rate is known.
  [[nodiscard]] std::optional<double> seconds() const;
};

/// The measure of one stream. Pure: the caller has the clock. Memory: a few bytes per 8 KiB under way.
class BacklogMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void sent(Time now, size_t bytes);
  /// The peer's credit, and how long the last of its bytes lay there unread. REQUIRES: not more than is under way.
  void consumed(Time now, size_t bytes, std::chrono::microseconds unread);
  /// `window` is passed on.
  [[nodiscard]] Backlog backlog(size_t window) const;

 private:
  using Duration = std::chrono::steady_clock::duration;
  /// Bytes that were sent together.
  struct Mark {
    uint64_t first, end;  ///< places in the stream
    Time sent;
  };
  /// All up to a place in the stream was there.
  struct Arrival {
    Time at;
    uint64_t end;
  };
  struct Sample {
    uint64_t bytes = 0;
    Duration time{};
  };

  /// How much had arrived at a time; only for times that come one after the other.
  [[nodiscard]] uint64_t arrived_by(Time time);
  void extend_span(Time arrival, size_t bytes, bool queued);
  void take_sample(Sample sample, bool queued);

  uint64_t sent_ = 0, consumed_ = 0;
  std::deque<Mark> marks_;
  std::deque<Arrival> arrivals_;  ///< the last before the oldest mark was sent, and all later ones
  std::optional<Duration> latency_;

  /// A run of credits while something was always under way; its first credit only starts the clock.
  std::optional<Time> span_start_;
  uint64_t span_bytes_ = 0;
  bool span_queued_ = false;

  std::deque<Sample> queued_samples_;  ///< the last second or so of them
  Sample unqueued_;                    ///< since then, as far as it is not in rate_
  double rate_ = 0;                    ///< bytes per second; 0: unknown
  double least_rate_ = 0;              ///< until there is a better one
  bool saturated_ = false, reader_is_behind_ = false;
};

}  // namespace docker_sync
