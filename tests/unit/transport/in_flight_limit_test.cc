// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/in_flight_limit.h"

#include <doctest/doctest.h>

using namespace docker_sync;
using namespace std::chrono_literals;

namespace {

constexpr int kOpenSsh = 9 << 16 | 2 << 8;
constexpr size_t kWindow = 2 << 20;

}  // namespace

TEST_CASE("a near host of OpenSSH is not sent more than keeps it busy until it has read some") {
  InFlightLimit limit(kOpenSsh, 0us);
  CHECK(limit.share(kWindow) == InFlightLimit::kNear);
  CHECK(limit.share(kWindow - 100'000) == InFlightLimit::kNear - 100'000);
  CHECK(limit.share(kWindow - InFlightLimit::kNear) == 0);
  CHECK(limit.share(kWindow - InFlightLimit::kNear - 1) == 0);
  CHECK(limit.share(kWindow - InFlightLimit::kNear + 65'536) == 65'536);
}

TEST_CASE("the farther away it is the more is on its way, up to the window") {
  CHECK(InFlightLimit(kOpenSsh, 2ms).share(kWindow) == 512 << 10);
  CHECK(InFlightLimit(kOpenSsh, 14ms).share(kWindow) == kWindow);
  CHECK(InFlightLimit(kOpenSsh, 1min).share(kWindow) == kWindow);
}

TEST_CASE("a window that is smaller than the limit, or grows, is used as it is") {
  InFlightLimit limit(kOpenSsh, 0us);
  CHECK(limit.share(24'000) == 24'000);
  CHECK(limit.share(0) == 0);
  CHECK(limit.share(kWindow) == InFlightLimit::kNear);
}

TEST_CASE("other servers, which may tell late what was read, get what they grant") {
  CHECK(InFlightLimit(0, 0us).share(kWindow) == kWindow);
  CHECK(InFlightLimit(4 << 16 | 9 << 8, 0us).share(kWindow) == kWindow);
  InFlightLimit none;
  CHECK(none.share(kWindow) == kWindow);
  CHECK(none.share(1) == 1);
}
