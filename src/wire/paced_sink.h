// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A stream compressed by what the link takes: a thread of its own compresses beside the one that reads and hashes, at
// levels that follow the backlog (wire/pace.h), and waits while more is under way than a change of mind could bear.
// It is what `contents` go through; small streams do with a ZstdSink.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/compression.h"
#include "base/stage_times.h"
#include "wire/connection.h"
#include "wire/pace.h"

namespace docker_sync {

/// What is known of a link before anything went over it.
struct ExpectedLink {
  LinkRate rate;            ///< as it was some other time
  bool needs_fast = false;  ///< what is sent is not worth it on a link of less than kTooSlowLink
};

/// For one writing thread. What goes wrong with the stream is thrown by the next call. Memory: ZstdSink's at its
/// strongest level, and 1 MiB that waits to be compressed.
class PacedSink : public Sink {
 public:
  /// `fixed_level`: no pace, always this level, up to the stream's window ahead of the peer.
  PacedSink(Connection::Writer below, std::optional<int> fixed_level, const ExpectedLink& expected = {});
  /// Gives the stream up if it was not finished.
  ~PacedSink() override;
  PacedSink(const PacedSink&) = delete;
  PacedSink& operator=(const PacedSink&) = delete;

  void write(ByteView bytes) override;
  /// All that was written will be handed on as soon as it is compressed, whatever follows. Does not wait for it.
  void flush();
  /// Ends the zstd stream and waits until all of it was handed on. `below` is not ended. Nothing may be written after
  /// it.
  void finish();

  /// Adds what it has worked and waited. REQUIRES: finish() has returned.
  void tell(StageTimes& times) const;

  /// The link as it was found; unknown if too little went over it. REQUIRES: finish() has returned, or gave_up().
  [[nodiscard]] LinkRate link() const;
  /// The link is too slow for what was expected: all that is written is thrown back with an error.
  [[nodiscard]] bool gave_up() const { return gave_up_; }

  /// How hard to work on a patch at this moment.
  [[nodiscard]] Pace::PatchWork patch_work();
  /// As the functions of these names, at this moment.
  [[nodiscard]] bool leaves_time() const;
  [[nodiscard]] bool outruns_deflating() const;
  [[nodiscard]] bool outruns_core() const;

 private:
  using Clock = std::chrono::steady_clock;
  enum class Then : uint8_t { go_on, flush, finish };
  struct Job {
    Bytes bytes;
    Then then;
  };
  /// Hands compressed bytes to the stream, and adds up how long it has waited.
  class TimedWriter : public Sink {
   public:
    TimedWriter(Connection::Writer writer, size_t trusted) : writer_(writer), trusted_(trusted) {}
    void write(ByteView bytes) override;
    Connection::Writer& stream() { return writer_; }
    [[nodiscard]] const Connection::Writer& stream() const { return writer_; }
    /// Those waited for the link and for its first measure, since the last call.
    std::pair<Clock::duration, Clock::duration> take_times() {
      return {std::exchange(for_link_, {}), std::exchange(for_measure_, {})};
    }
    void wait_for_room();
    /// In all.
    [[nodiscard]] Clock::duration waited() const { return waited_; }
    [[nodiscard]] uint64_t written() const { return written_; }

   private:
    void count(Clock::duration time, Clock::duration& kind) {
      kind += time;
      waited_ += time;
    }

    Connection::Writer writer_;
    const size_t trusted_;  ///< what may be under way as long as nothing has come back
    Clock::duration for_link_{0}, for_measure_{0}, waited_{0};
    uint64_t written_ = 0;
  };

  void hand_over(Then then);
  void compress_all();
  [[nodiscard]] Job next_job();
  void follow_pace(size_t bytes);
  void check_link();
  /// With what was expected, as long as it is not refuted.
  [[nodiscard]] Backlog backlog() const;

  const std::optional<int> fixed_level_;
  const ExpectedLink expected_;
  std::atomic<bool> gave_up_ = false;
  Bytes block_;  ///< of the writing thread
  bool finished_ = false;

  TimedWriter writer_;  ///< from here on of the compressing thread
  ZstdSink zstd_;
  size_t since_last_ = 0;
  Clock::time_point last_ = Clock::now();
  Clock::duration starved_{0};
  std::optional<Clock::time_point> slow_since_;
  uint64_t written_last_ = 0;  ///< bytes the link had got at last_
  Clock::duration worked_{0};  ///< in all, with what the writer waited
  uint64_t written_ = 0;

  std::mutex mutex_;  ///< guards all below
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stopped_ = false, done_ = false;
  std::exception_ptr error_;
  Pace pace_;

  std::thread compressor_;
};

}  // namespace docker_sync
