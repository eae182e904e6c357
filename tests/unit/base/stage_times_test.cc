// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/stage_times.h"

#include <doctest/doctest.h>

#include <thread>

using namespace docker_sync;
using namespace std::chrono_literals;

TEST_CASE("a stage within another stops the other one's clock") {
  StageTimes times;
  const auto begin = std::chrono::steady_clock::now();
  {
    InStage outer(times, "outer", 5);
    {
      const InStage inner(times, "inner");
      std::this_thread::sleep_for(60ms);
    }
    outer.add_bytes(2);
    std::this_thread::sleep_for(10ms);
  }
  const auto passed = std::chrono::steady_clock::now() - begin;
  const auto all = times.all();
  REQUIRE(all.size() == 2);
  CHECK(all[0].stage == "inner");
  CHECK(all[0].time >= 60ms);
  CHECK(all[1].stage == "outer");
  CHECK(all[1].time >= 10ms);
  CHECK(all[0].time + all[1].time <= passed);
  CHECK(all[1].bytes == 7);
}

TEST_CASE("threads add up") {
  StageTimes times;
  const auto work = [&] {
    const InStage stage(times, "work", 1);
    std::this_thread::sleep_for(20ms);
  };
  std::thread other(work);
  work();
  other.join();
  REQUIRE(times.all().size() == 1);
  CHECK(times.all()[0].time >= 40ms);
  CHECK(times.all()[0].bytes == 2);
}
