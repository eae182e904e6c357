// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/bounded_queue.h"

#include <doctest/doctest.h>

#include <chrono>
#include <future>

using namespace docker_sync;

TEST_CASE("who puts in what does not fit waits until enough was taken out") {
  BoundedQueue<int> queue(10);
  queue.push(1, 20);
  auto second = std::async(std::launch::async, [&] { queue.push(2, 1); });
  CHECK(second.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
  CHECK(queue.pop() == 1);
  second.get();
  queue.push(3, 9);
  queue.end();
  CHECK(queue.pop() == 2);
  CHECK(queue.pop() == 3);
  CHECK_FALSE(queue.pop());
}

TEST_CASE("closing a bounded queue wakes who waits for room") {
  BoundedQueue<int> queue(10);
  queue.push(1, 10);
  auto second = std::async(std::launch::async, [&] { queue.push(2, 1); });
  queue.close(Error(ExitCode::interrupted, "stopped"));
  CHECK_THROWS_WITH_AS(second.get(), "stopped", const Error&);
  CHECK_THROWS_AS((void)queue.pop(), const Error&);
}
