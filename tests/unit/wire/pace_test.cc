// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "wire/pace.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

using namespace docker_sync;
using namespace std::chrono_literals;

namespace {

constexpr size_t kWindow = 8 << 20;
constexpr Pace::Shares kWorking{1, 0}, kStarved{0.1, 0}, kBlocked{0.05, 0.95};

Backlog backlog(size_t bytes, uint64_t rate, bool saturated, double latency = 0) {
  return {bytes, kWindow, rate, saturated, std::chrono::duration<double>(latency)};
}
Backlog slow_link() { return backlog(300'000, 1'250'000, true); }
Backlog idle_link() { return backlog(0, 50'000'000, false); }

/// A pace that is asked once a second, which is long enough for all that wants to last.
struct Clock {
  Clock() { pace.next(now, backlog(500'000, 2'500'000, true), kWorking); }
  int next(const Backlog& state, Pace::Shares shares) { return pace.next(now += 1s, state, shares); }
  Pace pace;
  Pace::Time now{};
};

/// A compressor before a link, as fluids: what is compressed leaves at the link's rate.
struct Sync {
  explicit Sync(double link_rate) : rate(link_rate) {}

  void compress(size_t bytes) {
    constexpr size_t kStep = 512 << 10;
    for (size_t done = 0; done < bytes; done += kStep) {
      const double work = kStep / speeds().at(pace.level());
      const double more = kStep / 5.0;
      double wait = 0;
      const double room = static_cast<double>(allowance(state()));
      if (under_way + more > room) wait = (under_way + more - room) / rate;
      seconds += work + wait;
      const double carried = std::min(under_way, (work + wait) * rate);
      if (under_way - carried <= 0) idle += work + wait - carried / rate;
      under_way += more - carried;
      known = known || seconds > 0.1;
      const int before = pace.level();
      const Pace::Time now{std::chrono::nanoseconds(static_cast<int64_t>(seconds * 1e9))};
      const double all = work + wait;
      const int after = pace.next(now, state(), {work / all, wait / all, more / (rate * all)});
      changes += before != after;
      bytes_at[after] += kStep;
    }
  }
  [[nodiscard]] Backlog state() const {
    const auto bytes = static_cast<size_t>(std::min<double>(under_way, kWindow));
    return known ? Backlog{bytes, kWindow, static_cast<uint64_t>(rate), true, {}}
                 : Backlog{bytes, kWindow, 0, false, {}};
  }
  /// Bytes per second and core; what was measured.
  static const std::map<int, double>& speeds() {
    static const std::map<int, double> table{{1, 580e6}, {3, 290e6},  {6, 100e6},  {9, 60e6},
                                             {12, 27e6}, {15, 5.9e6}, {17, 3.6e6}, {19, 2.8e6}};
    return table;
  }

  double rate;
  Pace pace;
  double seconds = 0, idle = 0, under_way = 0;
  bool known = false;
  int changes = 0;
  std::map<int, size_t> bytes_at;
};

}  // namespace

TEST_CASE("the pace begins in the middle and stays there while nothing is known") {
  Pace pace;
  CHECK(pace.level() == 9);
  for (int i = 0; i < 10; ++i) CHECK(pace.next({}, backlog(128 << 10, 0, false), kBlocked) == 9);
}

TEST_CASE("a slow link gets a strong level at once, and keeps it when that does not fill it") {
  for (const auto& [rate, level] : {std::pair<uint64_t, int>{1'250'000, 17}, {500'000, 19}}) {
    Pace pace;
    CHECK(pace.next({}, backlog(300'000, rate, true), kWorking) == level);
    for (auto time = 0s; time < 30s; time += 1s) {
      CHECK(pace.next(Pace::Time(time), backlog(0, rate, true), kWorking) == level);
    }
  }
}

TEST_CASE("lower levels are tried on a slow link, ever more seldom") {
  Pace pace;
  Pace::Time now{};
  auto last = 0s;
  for (int round = 0; round < 4; ++round) {
    CHECK(pace.next(now, slow_link(), kWorking) == 17);
    auto held = 0s;
    for (; pace.next(now, backlog(0, 1'250'000, true), kWorking) == 17; now += 1s) held += 1s;
    CHECK(held >= last);
    CHECK(held <= 62s);
    last = held;
  }
  CHECK(last >= 58s);
}

TEST_CASE("a link that was slow for a moment only does not keep its strong level") {
  Clock clock;
  CHECK(clock.next(slow_link(), kWorking) == 17);
  CHECK(clock.next(backlog(0, 2'000'000, true), kWorking) == 17);
  CHECK(clock.next(backlog(0, 3'000'000, true), kWorking) < 17);
  for (int i = 0; i < 10; ++i) clock.next(backlog(0, 3'000'000, true), kWorking);
  CHECK(clock.pace.level() == 1);
}

TEST_CASE("an idle link lowers the level down to 1, and not if the compressor is not what it waits for") {
  Clock clock;
  CHECK(clock.next(idle_link(), kStarved) == 9);
  CHECK(clock.next(idle_link(), kWorking) == 6);
  CHECK(clock.next(idle_link(), kWorking) == 3);
  CHECK(clock.next(idle_link(), kWorking) == 1);
  CHECK(clock.next(idle_link(), kWorking) == 1);
}

TEST_CASE("what the latency alone keeps under way is no work ahead") {
  Clock clock;
  CHECK(clock.next(backlog(5'000'000, 20'000'000, true, 0.25), kWorking) == 6);
}

TEST_CASE("a link that is behind raises the level, by two where it is far behind") {
  Clock clock;
  CHECK(clock.next(backlog(1'400'000, 2'500'000, true), kWorking) == 9);
  CHECK(clock.next(backlog(1'600'000, 2'500'000, true), kWorking) == 12);
  CHECK(clock.next(backlog(4'900'000, 2'500'000, true), kWorking) == 17);
  CHECK(clock.next(backlog(4'900'000, 2'500'000, true), kWorking) == 19);
  CHECK(clock.next(backlog(4'900'000, 2'500'000, true), kWorking) == 19);
}

TEST_CASE("after it was lowered, a level rises only when the link is far behind, and step by step") {
  Clock clock;
  CHECK(clock.next(backlog(0, 2'500'000, true), kWorking) == 6);
  CHECK(clock.next(backlog(2'500'000, 2'500'000, true), kWorking) == 6);
  CHECK(clock.next(backlog(4'900'000, 2'500'000, true), kWorking) == 9);
  CHECK(clock.next(backlog(4'900'000, 2'500'000, true), kWorking) == 12);
}

TEST_CASE("a level that was changed is left alone while the backlog goes the way it should") {
  Clock clock;
  CHECK(clock.next(backlog(4'900'000, 2'500'000, true), kWorking) == 15);
  CHECK(clock.next(backlog(4'000'000, 2'500'000, true), kWorking) == 15);
  CHECK(clock.next(backlog(3'000'000, 2'500'000, true), kWorking) == 15);
  CHECK(clock.next(backlog(0, 2'500'000, true), kWorking) == 12);
  CHECK(clock.next(backlog(100'000, 2'500'000, true), kWorking) == 12);
  CHECK(clock.next(backlog(200'000, 2'500'000, true), kWorking) == 12);
}

TEST_CASE("where pipes are too short for a backlog, a level rises if the next one still leaves time") {
  Clock clock;
  CHECK(clock.next(backlog(130'000, 2'500'000, true), {0.5, 0.5}) == 9);
  CHECK(clock.next(backlog(130'000, 2'500'000, true), {0.3, 0.7}) == 12);
  CHECK(clock.next(backlog(130'000, 2'500'000, true), {0.3, 0.7}) == 12);
  CHECK(clock.next(backlog(130'000, 2'500'000, true), {0.1, 0.9}) == 15);
  CHECK(clock.next(backlog(130'000, 2'500'000, true), {0.1, 0}) == 15);
}

TEST_CASE("a window that the latency fills is a link that is behind") {
  Clock clock;
  CHECK(clock.next(backlog(kWindow, 14'000'000, false, 0.6), kBlocked) == 15);
}

TEST_CASE("a link that takes more than any higher level makes raises nothing") {
  Clock clock;
  for (int i = 0; i < 3; ++i) CHECK(clock.next(backlog(kWindow, 50'000'000, true), kBlocked) == 9);
  CHECK(clock.next(idle_link(), {0.5, 0.5}) == 6);
}

TEST_CASE("a reader that is behind raises nothing, nor makes it worth while to work harder on patches") {
  Clock clock;
  Backlog held_up = backlog(4'900'000, 2'500'000, true);
  held_up.reader_is_behind = true;
  for (int i = 0; i < 3; ++i) CHECK(clock.next(held_up, kWorking) == 9);
  for (int i = 0; i < 3; ++i) CHECK(clock.next(held_up, {0.2, 0.8}) == 9);
  CHECK(clock.pace.patch_work(held_up).level == 9);
  held_up.reader_is_behind = false;
  CHECK(clock.next(held_up, kWorking) == 15);
}

TEST_CASE("a link that is filled as far as we dare raises nothing before it is measured") {
  Clock clock;
  for (int i = 0; i < 3; ++i) CHECK(clock.next(backlog(870'000, 1'250'000, false, 0.2), {0.5, 0}) == 9);
}

TEST_CASE("a moment of waiting raises nothing, nor does a moment of idling lower") {
  Clock clock;
  Pace& pace = clock.pace;
  Pace::Time now = clock.now;
  for (int i = 0; i < 45; ++i) CHECK(pace.next(now += 2ms, backlog(4'900'000, 2'500'000, true), kBlocked) == 9);
  Clock other;
  for (int i = 0; i < 12; ++i) CHECK(other.pace.next(other.now += 2ms, idle_link(), kWorking) == 9);
  CHECK(other.pace.next(other.now += 2ms, idle_link(), kWorking) == 6);
}

TEST_CASE("what may be under way is little at first, then two seconds, at most the window") {
  CHECK(allowance(backlog(0, 0, false)) == 128 << 10);
  CHECK(allowance(backlog(0, 10'000, true)) == 128 << 10);
  CHECK(allowance(backlog(0, 1'250'000, true)) == 2'500'000);
  CHECK(allowance(backlog(0, 1'250'000, true, 0.2)) == 2'750'000);
  CHECK(allowance(backlog(0, 10'000'000, false)) == 1'000'000);
  CHECK(allowance(backlog(0, 1'250'000, false, 0.2)) == 875'000);
  CHECK(allowance(backlog(0, 100'000'000, true)) == kWindow);
  CHECK(allowance(backlog(0, UINT64_MAX, true, 1e9)) == kWindow);
}

TEST_CASE("patches are worked on hard unless the link has shown that it is fast and idle") {
  const Pace pace;
  const auto is = [&](const Backlog& state, int level, bool strong) {
    const Pace::PatchWork work = pace.patch_work(state);
    return work.level == level && work.strong == strong;
  };
  CHECK(is(backlog(0, 0, false), 9, true));
  CHECK(is(idle_link(), 9, false));
  CHECK(is(slow_link(), 17, true));
  CHECK(is(backlog(0, 400'000, false), 9, true));
  CHECK(is(backlog(3'000'000, 2'500'000, true), 19, true));
}

TEST_CASE("a link leaves time while it is unknown, slow, or has work for a tenth of a second") {
  CHECK(leaves_time(backlog(0, 0, false)));
  CHECK(leaves_time(slow_link()));
  CHECK(leaves_time(backlog(0, 1'250'000, true)));
  CHECK(leaves_time(backlog(0, 2'900'000, false)));  // One of 10 Mbit/s, by its first burst.
  CHECK(leaves_time(backlog(1'300'000, 12'500'000, true)));
  CHECK_FALSE(leaves_time(backlog(1'200'000, 12'500'000, true)));
  CHECK_FALSE(leaves_time(backlog(1'300'000, 12'500'000, true, 0.05)));  // Half of it is on its way.
  CHECK_FALSE(leaves_time(idle_link()));
}

TEST_CASE("a link of 64 Mbit/s outruns deflating, whatever it has to do") {
  CHECK_FALSE(outruns_deflating(backlog(0, 0, false)));
  CHECK_FALSE(outruns_deflating(backlog(0, 7'900'000, true)));
  CHECK(outruns_deflating(backlog(0, 8'000'000, true)));
  CHECK(outruns_deflating(backlog(8'000'000, 12'500'000, true)));
}

TEST_CASE("a link that was fast gets level 1 from the beginning, and programs as they are unless it is behind") {
  CHECK(Pace(125'000'000).level() == 1);
  CHECK(Pace(12'500'000).level() == 9);
  CHECK(Pace(0).level() == 9);
  CHECK(outruns_core(idle_link()));
  CHECK_FALSE(outruns_core(backlog(6'000'000, 50'000'000, true)));
  CHECK_FALSE(outruns_core(backlog(0, 12'500'000, true)));
  CHECK_FALSE(outruns_core(backlog(0, 0, false)));
}

TEST_CASE("over 200 MB neither link nor core idles much, and levels do not flap") {
  for (const double mbit : {16, 30, 60, 100, 200, 400}) {
    CAPTURE(mbit);
    Sync sync(mbit * 125e3);
    sync.compress(200 << 20);
    CHECK(sync.idle < 0.05 * sync.seconds + 0.1);
    CHECK(sync.changes < 40);
  }
}

TEST_CASE("a core that is too slow for level 17 lets no slow link idle for long") {
  // Less than half as fast as it would have to be for level 17.
  for (const double mbit : {8, 10, 11}) {
    CAPTURE(mbit);
    Sync sync(mbit * 125e3);
    sync.compress(200 << 20);
    CHECK(sync.idle < 0.2 * sync.seconds);
    CHECK(sync.bytes_at[15] + sync.bytes_at[17] >= 190 << 20);
  }
  Pace pace;
  Pace::Time now{};
  CHECK(pace.next(now, slow_link(), kWorking) == 17);
  // It waits for what it is to compress.
  for (int i = 0; i < 20; ++i) CHECK(pace.next(now += 1s, backlog(0, 1'250'000, true), {0.3, 0, 0.3}) == 17);
}

TEST_CASE("a link of 4 Mbit/s gets nearly all at level 19, one of 10 at 17, one of 10 Gbit/s at 1") {
  Sync slowest(0.5e6);
  slowest.compress(20 << 20);
  CHECK(slowest.bytes_at[19] >= 18 << 20);
  Sync slow(1.25e6);
  slow.compress(16 << 20);
  CHECK(slow.bytes_at[17] >= 14 << 20);
  Sync fast(1.25e9);
  fast.known = true;
  fast.compress(200 << 20);
  CHECK(fast.bytes_at[1] >= 188 << 20);
}
