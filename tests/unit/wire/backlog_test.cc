// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "wire/backlog.h"

#include <doctest/doctest.h>

#include <deque>

using namespace docker_sync;
using namespace std::chrono_literals;

namespace {

constexpr size_t kWindow = 8 << 20, kFrame = 32 << 10;

/// A link that carries one frame after the other, with a clock of its own. After a pause it may let a burst pass at
/// once, as a token bucket does.
class Link {
 public:
  explicit Link(double speed, std::chrono::duration<double> latency = 0s) : rate(speed), latency_(latency) {}

  void send(size_t bytes) {
    for (; bytes > 0; bytes -= std::min(bytes, kFrame)) {
      const size_t frame = std::min(bytes, kFrame);
      meter.sent(now, frame);
      free_at_ = std::max(free_at_, now - in_ticks(burst / rate)) + in_ticks(static_cast<double>(frame) / rate);
      under_way_.push_back({std::max(free_at_, now) + in_ticks(latency_.count()), frame});
    }
  }
  /// Lets time go by; frames arrive in it.
  void pass(std::chrono::duration<double> time) {
    const auto until = now + in_ticks(time.count());
    while (!under_way_.empty() && under_way_.front().at <= until) {
      now = std::max(now, under_way_.front().at);
      const auto unread = std::chrono::duration_cast<std::chrono::microseconds>(now - under_way_.front().at);
      meter.consumed(now, under_way_.front().bytes, unread);
      under_way_.pop_front();
      now += in_ticks(reading.count());
    }
    now = std::max(now, until);
  }
  /// Keeps `bytes` under way for a time.
  void keep_full(size_t bytes, std::chrono::duration<double> time) {
    for (const auto end = now + in_ticks(time.count()); now < end; pass(1ms)) {
      if (backlog().bytes + kFrame <= bytes) send(bytes - backlog().bytes);
    }
  }
  /// As a slow compressor does: a frame now and then.
  void trickle(size_t frame, std::chrono::duration<double> every, int count) {
    for (int i = 0; i < count; ++i, pass(every)) send(frame);
  }
  [[nodiscard]] Backlog backlog() const { return meter.backlog(kWindow); }

  BacklogMeter::Time now{};
  BacklogMeter meter;
  double rate, burst = 0;
  std::chrono::duration<double> reading{0};  ///< of a frame, by a reader that is slow

 private:
  struct Frame {
    BacklogMeter::Time at;
    size_t bytes;
  };
  static std::chrono::nanoseconds in_ticks(double seconds) {
    return std::chrono::nanoseconds(static_cast<int64_t>(seconds * 1e9));
  }
  std::chrono::duration<double> latency_;
  BacklogMeter::Time free_at_{};
  std::deque<Frame> under_way_;
};

void check_rate(const Backlog& backlog, double expected) {
  CHECK(backlog.saturated);
  CHECK(static_cast<double>(backlog.bytes_per_second) == doctest::Approx(expected).epsilon(0.1));
}

}  // namespace

TEST_CASE("before anything comes back nothing is known but what was sent") {
  Link link(1e6);
  link.send(100'000);
  const Backlog backlog = link.backlog();
  CHECK(backlog.bytes == 100'000);
  CHECK(backlog.window == kWindow);
  CHECK(backlog.bytes_per_second == 0);
  CHECK_FALSE(backlog.saturated);
  CHECK_FALSE(backlog.seconds().has_value());
}

TEST_CASE("a link of any speed is measured once it is full, with its latency apart") {
  for (const double rate : {125e3, 1.25e6, 12.5e6, 60e6}) {
    for (const double latency : {0.0, 0.03, 0.2}) {
      const auto full = static_cast<size_t>(rate * (latency + 0.4)) + 4 * kFrame;
      Link link(rate, std::chrono::duration<double>(latency));
      link.keep_full(full, 5s);
      check_rate(link.backlog(), rate);
      const double frame_time = kFrame / rate;
      CHECK(link.backlog().latency.count() == doctest::Approx(latency + frame_time).epsilon(0.1));
      CHECK(*link.backlog().seconds() < 0.4 + 4 * frame_time);
      CHECK(*link.backlog().seconds() > 0.3);
    }
  }
}

TEST_CASE("a slow link is known as such after less than 256 KiB") {
  Link link(1.25e6, 20ms);
  link.send(256 << 10);
  link.pass(230ms);
  check_rate(link.backlog(), 1.25e6);
}

TEST_CASE("what a slow writer sends is no measure of the link, only the least that it takes") {
  for (const auto latency : {0ms, 200ms}) {
    Link link(100e6, latency);
    link.trickle(20'000, 50ms, 200);
    CHECK_FALSE(link.backlog().saturated);
    CHECK(link.backlog().bytes_per_second >= 20'000 / 0.21);
    CHECK(*link.backlog().seconds() == 0);
  }
}

TEST_CASE("a link that idles keeps its rate") {
  Link link(1.25e6);
  link.keep_full(1 << 20, 2s);
  link.pass(60s);
  CHECK(link.backlog().bytes == 0);
  check_rate(link.backlog(), 1.25e6);
  link.trickle(20'000, 50ms, 100);
  check_rate(link.backlog(), 1.25e6);
  CHECK(*link.backlog().seconds() == 0);
}

TEST_CASE("bursts after pauses are not taken for a faster link") {
  Link link(1.25e6);
  link.burst = 128 << 10;
  link.keep_full(1 << 20, 2s);
  for (int i = 0; i < 20; ++i) {
    link.pass(1s);
    link.keep_full(256 << 10, 150ms);
    check_rate(link.backlog(), 1.25e6);
  }
}

TEST_CASE("a link that became faster is known as such once more has passed than in a burst") {
  Link link(1.25e6);
  link.keep_full(1 << 20, 2s);
  link.pass(1s);
  link.rate = 12.5e6;
  link.keep_full(64 << 10, 60ms);  // It never queues.
  check_rate(link.backlog(), 1.25e6);
  link.keep_full(64 << 10, 60ms);
  CHECK_FALSE(link.backlog().saturated);
  CHECK(link.backlog().bytes_per_second > 5'000'000);
}

TEST_CASE("a link that changes is followed within two seconds") {
  Link link(1.25e6);
  link.keep_full(2 << 20, 4s);
  link.rate = 5e6;
  link.keep_full(2 << 20, 4s);
  check_rate(link.backlog(), 5e6);
  link.rate = 0.5e6;
  link.keep_full(2 << 20, 7s);
  check_rate(link.backlog(), 0.5e6);
}

TEST_CASE("a reader that stalls once is not a slow link") {
  for (const double rate : {12.5e6, 50e6}) {
    Link link(rate);
    link.keep_full(4 << 20, 500ms);
    link.now += 600ms;  // What arrived meanwhile is read late.
    for (int i = 0; i < 200; ++i) {
      link.keep_full(4 << 20, 1ms);
      CHECK(static_cast<double>(link.backlog().bytes_per_second) > rate / 2);
    }
  }
}

TEST_CASE("a reader that is slower than the link is not taken for it, nor what it has gathered when it is fast again") {
  Link link(20e6);
  link.keep_full(4 << 20, 500ms);
  check_rate(link.backlog(), 20e6);
  CHECK_FALSE(link.backlog().reader_is_behind);
  link.reading = 10ms;  // 3.3 MB/s
  link.keep_full(4 << 20, 5s);
  check_rate(link.backlog(), 20e6);
  CHECK(link.backlog().reader_is_behind);
  link.reading = 0ms;
  for (int i = 0; i < 100; ++i) {
    link.keep_full(4 << 20, 5ms);
    check_rate(link.backlog(), 20e6);
  }
  CHECK_FALSE(link.backlog().reader_is_behind);
}

TEST_CASE("of a reader that is slow from the start the link is known nevertheless") {
  Link link(20e6, 20ms);
  link.reading = 10ms;
  link.keep_full(8 << 20, 10s);
  check_rate(link.backlog(), 20e6);
  Link other(20e6, 20ms);
  other.reading = 10ms;
  other.keep_full(256 << 10, 10s);  // It never queues.
  CHECK_FALSE(other.backlog().saturated);
  CHECK(other.backlog().bytes_per_second > 3'000'000);
  CHECK(other.backlog().bytes_per_second < 25'000'000);
}

TEST_CASE("a burst that passes unqueued does not hide the link behind it") {
  Link link(100e6);
  link.send(256 << 10);
  link.pass(100ms);
  link.rate = 1.25e6;
  link.keep_full(512 << 10, 1s);
  check_rate(link.backlog(), 1.25e6);
}

TEST_CASE("credits in parts of frames count") {
  BacklogMeter meter;
  BacklogMeter::Time now{};
  meter.sent(now, 1 << 20);
  for (int i = 0; i < 1024; ++i) meter.consumed(now += 1ms, 1000, 0us);
  CHECK(meter.backlog(kWindow).bytes == (1 << 20) - 1024 * 1000);
  CHECK(static_cast<double>(meter.backlog(kWindow).bytes_per_second) == doctest::Approx(1e6).epsilon(0.1));
}
