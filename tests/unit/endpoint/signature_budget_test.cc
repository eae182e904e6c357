// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/signature_budget.h"

#include <doctest/doctest.h>

#include <future>

using namespace docker_sync;

TEST_CASE("the first signatures go out on credit, and no more than that before one paid") {
  SignatureBudget budget;
  int taken = 0;
  while (budget.take(1 << 10, 100 << 10)) ++taken;
  CHECK(taken == 32);
  // Not sent yet, so there is nothing to wait for.
  CHECK_FALSE(budget.take(1 << 10, 100 << 10));
}

TEST_CASE("a signature that is nothing beside its content is always sent") {
  SignatureBudget budget;
  for (int i = 0; i < 100; ++i) CHECK(budget.take(1 << 20, uint64_t{1} << 30));
}

TEST_CASE("deltas that save pay for more signatures, those that do not pay for none") {
  SignatureBudget budget;
  REQUIRE(budget.take(32 << 10, 1 << 20));
  budget.sent();
  uint64_t delta_bytes = 1 << 20;
  bool more = false;
  SUBCASE("useless") {}
  SUBCASE("useful") {
    delta_bytes = 1000;
    more = true;
  }
  // Waits for the delta that is under way.
  auto answer = std::async(std::launch::async, [&] { return budget.take(32 << 10, 1 << 20); });
  budget.settle(1 << 20, delta_bytes);
  CHECK(answer.get() == more);
}

TEST_CASE("a small part of what comes may be lost") {
  SignatureBudget budget;
  REQUIRE(budget.take(32 << 10, 1 << 20));
  budget.received(1 << 20);
  CHECK_FALSE(budget.take((16 << 10) + 1, 1 << 20));
  CHECK(budget.take(16 << 10, 1 << 20));
}

TEST_CASE("who waits is woken by an error") {
  SignatureBudget budget;
  REQUIRE(budget.take(32 << 10, 1 << 20));
  budget.sent();
  auto answer = std::async(std::launch::async, [&] { return budget.take(1 << 10, 1 << 10); });
  budget.close(Error(ExitCode::interrupted, "stopped"));
  CHECK_THROWS_AS((void)answer.get(), const Error&);
}
