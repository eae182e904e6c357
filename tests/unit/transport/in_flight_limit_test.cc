// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/in_flight_limit.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace docker_sync;
using namespace std::chrono_literals;

namespace {

constexpr int kOpenSsh = 9 << 16 | 2 << 8;
constexpr size_t kWindow = 2 << 20, kChunk = 64 << 10;

/// A host that has the window of OpenSSH.
struct Host {
  /// As much as is allowed, in chunks.
  size_t fill() {
    const size_t before = window;
    while (const size_t count = std::min(kChunk, limit.share(now, window))) {
      window -= count;
      limit.sent(now, count);
    }
    return before - window;
  }
  /// The host says after `time` that it has read so much.
  void read(size_t bytes, std::chrono::microseconds time) {
    now += time;
    window += bytes;
  }
  InFlightLimit limit;
  size_t window = kWindow;
  InFlightLimit::Time now{};
};

}  // namespace

TEST_CASE("a near host of OpenSSH is not sent more than keeps it busy until it has read some") {
  Host host{InFlightLimit(kOpenSsh, 0us, 0us)};
  CHECK(host.fill() == InFlightLimit::kNear);
  CHECK(host.fill() == 0);
  host.read(kChunk, 10ms);
  CHECK(host.fill() == kChunk);
  host.read(InFlightLimit::kNear, 1s);
  CHECK(host.fill() == InFlightLimit::kNear);
}

TEST_CASE("the farther away it is the more is on its way, up to the window") {
  CHECK(Host{InFlightLimit(kOpenSsh, 2ms, 3ms)}.fill() == 512 << 10);
  CHECK(Host{InFlightLimit(kOpenSsh, 14ms, 15ms)}.fill() == kWindow);
  CHECK(Host{InFlightLimit(kOpenSsh, 1min, 1min)}.fill() == kWindow);
}

TEST_CASE("a relay that makes a host look near deceives only until the host has spoken") {
  Host host{InFlightLimit(kOpenSsh, 100us, 200ms)};
  CHECK(host.fill() < 300'000);
  host.read(kChunk, 200ms);
  CHECK(host.fill() > 1'500'000);
  CHECK(host.window == 0);
}

TEST_CASE("a request that a busy host let lie deceives only until the host has spoken") {
  Host host{InFlightLimit(kOpenSsh, 100ms, 100ms)};
  CHECK(host.fill() == kWindow);
  host.read(kChunk, 2ms);
  CHECK(host.fill() == 0);
  host.read(kWindow - kChunk, 50ms);
  CHECK(host.fill() == 512 << 10);
}

TEST_CASE("what a slow reader lets lie does not make its host far") {
  Host host{InFlightLimit(kOpenSsh, 1ms, 1ms)};
  CHECK(host.fill() == 384 << 10);
  for (int i = 0; i < 20; ++i) {
    host.read(kChunk, 300ms);
    CHECK(host.fill() == kChunk);
  }
}

TEST_CASE("a window that is smaller than the limit, or grows, is used as it is") {
  InFlightLimit limit(kOpenSsh, 0us, 0us);
  const InFlightLimit::Time now{};
  CHECK(limit.share(now, 24'000) == 24'000);
  CHECK(limit.share(now, 0) == 0);
  CHECK(limit.share(now, kWindow) == InFlightLimit::kNear);
}

TEST_CASE("other servers, which may tell late what was read, get what they grant") {
  CHECK(Host{InFlightLimit(0, 0us, 0us)}.fill() == kWindow);
  CHECK(Host{InFlightLimit(4 << 16 | 9 << 8, 0us, 0us)}.fill() == kWindow);
  CHECK(Host{InFlightLimit()}.fill() == kWindow);
}
