// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/engine_stream.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_daemon.h"

using namespace docker_sync;

namespace {

Error refusal(const std::string& path) {
  try {
    (void)connect_unix(path);
  } catch (const Error& error) {
    return error;
  }
  return Error(ExitCode::ok, "connected");
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("no socket is an engine error that says what to do") {
  const Error error = refusal("/nonexistent/docker.sock");
  CHECK(error.code() == ExitCode::engine);
  CHECK(contains(error.what(), "no Docker here"));
  CHECK(contains(error.what(), "/nonexistent/docker.sock"));
  CHECK(contains(error.remedy(), "DOCKER_HOST"));
}

TEST_CASE("a socket that nobody serves any more is a daemon that is not running") {
  std::string path;
  {
    FakeDaemon daemon;
    path = daemon.path();
    REQUIRE(::link(path.c_str(), (path + ".left").c_str()) == 0);
    path += ".left";
    (void)daemon.requests();
    CHECK(contains(refusal(path).what(), "not running"));
    ::unlink(path.c_str());
  }
}

TEST_CASE("a socket without permission is told apart, with the docker group as remedy") {
  FakeDaemon daemon;
  if (::geteuid() == 0) {
    // root may use every socket: lay the right down for a moment
    REQUIRE(::seteuid(65534) == 0);
    const Error error = refusal(daemon.path());
    REQUIRE(::seteuid(0) == 0);
    CHECK(error.code() == ExitCode::engine);
    CHECK(contains(error.failure(), "may not use " + daemon.path()));
    CHECK(contains(error.remedy(), "docker group"));
  } else {
    REQUIRE(::chmod(daemon.path().c_str(), 0) == 0);
    CHECK(contains(refusal(daemon.path()).remedy(), "docker group"));
  }
}

TEST_CASE("a path that no socket can have is a usage error") {
  CHECK(refusal("").code() == ExitCode::usage);
  CHECK(refusal(std::string(200, 'x')).code() == ExitCode::usage);
}

TEST_CASE("writing to a peer that is gone throws EngineGone and raises no signal") {
  FakeDaemon daemon;
  daemon.on("GET /", FakeDaemon::Answer{"bye", true});
  const auto stream = connect_unix(daemon.path());
  REQUIRE(stream->write_some(as_bytes("GET / HTTP/1.1\r\n\r\n")) == 18);
  Bytes block(16);
  std::string got;
  while (true) {
    if (!stream->wait(EngineStream::Wait::reading, std::chrono::seconds(10))) FAIL("nothing came");
    const auto count = stream->read_some(block);
    if (!count) continue;
    if (*count == 0) break;
    got += as_text(ByteView(block).first(*count));
  }
  CHECK(got == "bye");
  CHECK_THROWS_AS((void)stream->write_some(as_bytes("more")), EngineGone);
}

TEST_CASE("waiting ends when its time is over") {
  FakeDaemon daemon;
  const auto stream = connect_unix(daemon.path());
  CHECK_FALSE(stream->wait(EngineStream::Wait::reading, std::chrono::milliseconds(1)));
  CHECK(stream->wait(EngineStream::Wait::both, std::chrono::milliseconds(1)));
}
