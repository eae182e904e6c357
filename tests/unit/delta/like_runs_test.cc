// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/like_runs.h"

#include <doctest/doctest.h>

#include <random>

#include "fixture.h"

using namespace docker_sync;

namespace {

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes whole;
  for (const Bytes& part : parts) whole.insert(whole.end(), part.begin(), part.end());
  return whole;
}

using Runs = std::vector<LikeRun>;

/// In order, apart in the new bytes, within both.
void check_form(const Runs& runs, size_t old_size, size_t new_size) {
  size_t end = 0;
  for (const LikeRun& run : runs) {
    CHECK(run.new_position >= end);
    CHECK(run.length >= 16);
    end = size_t{run.new_position} + run.length;
    CHECK(size_t{run.old_position} + run.length <= old_size);
  }
  CHECK(end <= new_size);
}

}  // namespace

TEST_CASE("equal bytes are one run") {
  const Bytes bytes = noise(10'000, 1);
  CHECK(find_like_runs(bytes, bytes) == Runs{{0, 0, 10'000}});
}

TEST_CASE("too few bytes have no runs") {
  const Bytes bytes = noise(15, 1);
  CHECK(find_like_runs(bytes, bytes).empty());
  CHECK(find_like_runs({}, noise(100, 1)).empty());
  CHECK(find_like_runs(noise(100, 1), {}).empty());
  CHECK(find_like_runs(noise(10'000, 1), noise(10'000, 2)).empty());
}

TEST_CASE("an insertion ends one run and starts the next") {
  const Bytes a = noise(1000, 1), b = noise(1000, 2), inserted = noise(77, 3);
  const Runs runs = find_like_runs(joined({a, b}), joined({a, inserted, b}));
  REQUIRE(runs.size() == 2);
  CHECK(runs.back().new_position - runs.back().old_position == 77);
  // The borders may be a byte or two into the noise, where it happens to be the same.
  CHECK(runs.front().length >= 1000);
  CHECK(runs.front().length < 1010);
  CHECK(runs.back().length >= 1000);
}

TEST_CASE("a run goes on over bytes that differ") {
  const Bytes before = noise(10'000, 1);
  Bytes after = before;
  for (size_t i = 5; i < after.size(); i += 9) ++after[i];
  after[5 + 9] = before[5 + 9], after[5 + 18] = before[5 + 18];  // So that there is a seed to start from.
  const Runs runs = find_like_runs(before, after);
  REQUIRE(runs.size() == 1);
  CHECK(runs.front().length > 9'980);
}

TEST_CASE("of two runs that claim the same bytes each gets those in which it is right") {
  const Bytes a = noise(400, 1), shared = noise(100, 2), b = noise(400, 3);
  const Runs runs = find_like_runs(joined({a, shared, noise(50, 4), shared, b}), joined({a, shared, b}));
  check_form(runs, 1050, 900);
  size_t covered = 0;
  for (const LikeRun& run : runs) covered += run.length;
  CHECK(covered == 900);
  CHECK(runs.size() == 2);
}

TEST_CASE("runs have their form whatever the bytes are") {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    // Few values and copied pieces: matches everywhere, overlapping, in all places.
    Bytes before(random() % 3000), after;
    for (uint8_t& byte : before) byte = static_cast<uint8_t>(random() % (1 + round % 7));
    while (!before.empty() && after.size() < 2000) {
      const size_t from = random() % before.size(), size = std::min<size_t>(random() % 200, before.size() - from);
      after.insert(after.end(), before.begin() + static_cast<ptrdiff_t>(from),
                   before.begin() + static_cast<ptrdiff_t>(from + size));
      after.push_back(static_cast<uint8_t>(random()));
    }
    check_form(find_like_runs(before, after), before.size(), after.size());
  }
}
