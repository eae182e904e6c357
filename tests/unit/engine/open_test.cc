// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/open.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "fake_daemon.h"

using namespace docker_sync;

TEST_CASE("an engine is opened where the address says") {
  FakeDaemon daemon;
  daemon.on("GET /v1.41/info", "200 OK", R"({"ServerVersion":"29.0.0","Driver":"overlay2","DriverStatus":null})");
  CHECK(open_engine({"unix://" + daemon.path()})->description() == "Docker 29.0.0 (overlay2)");
}

TEST_CASE("no engine is an engine error") {
  try {
    (void)open_engine({"unix:///nonexistent.sock"});
    FAIL("opened");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::engine);
  }
}
