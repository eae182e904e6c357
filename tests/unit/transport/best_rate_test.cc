// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/best_rate.h"

#include <doctest/doctest.h>

using namespace docker_sync;
using namespace std::chrono_literals;

namespace {

constexpr uint64_t kChunk = 64 << 10;

/// A host that takes chunks, one each `time`.
struct Host {
  void take(uint64_t bytes, std::chrono::microseconds time) {
    for (uint64_t done = 0; done < bytes; done += kChunk) rate.note(now += time, taken += kChunk);
  }
  [[nodiscard]] double megabytes_per_second() const { return static_cast<double>(rate.bytes_per_second()) / 1e6; }

  BestRate rate;
  BestRate::Time now{};
  uint64_t taken = 0;
};

}  // namespace

TEST_CASE("less than a megabyte says nothing of a link") {
  Host host;
  host.take(BestRate::kSpanBytes - kChunk, 1ms);
  CHECK(host.rate.bytes_per_second() == 0);
}

TEST_CASE("a link that takes bytes evenly has that rate, whatever was before") {
  Host host;
  host.take(10 * kChunk, 200ms);
  host.take(2 << 20, 5243us);
  CHECK(host.megabytes_per_second() == doctest::Approx(12.5).epsilon(0.01));
}

TEST_CASE("a host that reads slowly after what it takes at once is no slow link") {
  Host host;
  host.now += 5s;  // Before anything is sent.
  host.rate.note(host.now, 0);
  host.take(2 << 20, 500us);
  host.take(1 << 20, 100ms);
  CHECK(host.megabytes_per_second() == doctest::Approx(131).epsilon(0.02));
}

TEST_CASE("what a shaper lets pass at once is not taken for the link") {
  Host host;
  host.rate.note(host.now, 0);
  host.take(128 << 10, 0us);
  host.take(3 << 20, 5243us);
  CHECK(host.megabytes_per_second() < 14.5);
}
