// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/timings.h"

#include <doctest/doctest.h>

using namespace docker_sync;
using namespace std::chrono_literals;

TEST_CASE("the time of a run is shown stage by stage") {
  RunTimes times;
  times.controller.add("transfer", 2500ms, 0);
  times.source.add("encode", 500ms, 20'000'000);
  times.source.add("encode", 500ms, 5'000'000);
  times.destination.add("load", 0ms, 7);
  CHECK(timings_table(times, {"server", false, {}}) == R"(
at           stage                  seconds         MB      MB/s
run          transfer                 2.500
source       encode                   1.000     25.000      25.0
destination  load                     0.000      0.000
source: server, destination: this host
)");
}
