// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/reference.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace docker_sync;

namespace {

Error refusal(const std::string& text) {
  try {
    (void)Reference::parse(text);
  } catch (const Error& error) {
    return error;
  }
  return Error(ExitCode::ok, "accepted");
}

}  // namespace

TEST_CASE("a short name is docker.io, library and latest") {
  const Reference reference = Reference::parse("redis");
  CHECK(reference.domain() == "docker.io");
  CHECK(reference.path() == "library/redis");
  CHECK(reference.tag() == "latest");
  CHECK(reference.full() == "docker.io/library/redis:latest");
  CHECK(reference.familiar() == "redis:latest");
  CHECK(reference.repository() == "redis");
}

TEST_CASE("all ways to write one name are one name") {
  for (const char* text : {"redis:latest", "library/redis", "docker.io/redis", "docker.io/library/redis:latest",
                           "index.docker.io/redis", "index.docker.io/library/redis"}) {
    CAPTURE(text);
    CHECK(Reference::parse(text) == Reference::parse("redis"));
  }
}

TEST_CASE("names keep their registry, path and tag") {
  struct Case {
    const char *text, *full, *familiar, *repository;
  };
  for (const Case& c : {
           Case{"me/app:1", "docker.io/me/app:1", "me/app:1", "me/app"},
           Case{"host:5000/app", "host:5000/app:latest", "host:5000/app:latest", "host:5000/app"},
           Case{"host:5000/a/b/c:v1.2_3-x", "host:5000/a/b/c:v1.2_3-x", "host:5000/a/b/c:v1.2_3-x", "host:5000/a/b/c"},
           Case{"localhost/app:1", "localhost/app:1", "localhost/app:1", "localhost/app"},
           Case{"gcr.io/p/app", "gcr.io/p/app:latest", "gcr.io/p/app:latest", "gcr.io/p/app"},
           Case{"[::1]:5000/app:2", "[::1]:5000/app:2", "[::1]:5000/app:2", "[::1]:5000/app"},
           Case{"[fe80::1]/app", "[fe80::1]/app:latest", "[fe80::1]/app:latest", "[fe80::1]/app"},
           Case{"HOST/app", "HOST/app:latest", "HOST/app:latest", "HOST/app"},
           Case{"library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest", "library/a/b"},
           Case{"a__b---c.d:_X", "docker.io/library/a__b---c.d:_X", "a__b---c.d:_X", "a__b---c.d"},
       }) {
    CAPTURE(c.text);
    const Reference reference = Reference::parse(c.text);
    CHECK(reference.full() == c.full);
    CHECK(reference.familiar() == c.familiar);
    CHECK(reference.repository() == c.repository);
    CHECK(Reference::parse(reference.familiar()) == reference);
    CHECK(Reference::parse(reference.full()) == reference);
  }
}

TEST_CASE("on localhost a name is what Podman calls it when it builds it") {
  CHECK(Reference::parse("app:1").on_localhost().full() == "localhost/app:1");
  CHECK(Reference::parse("team/app").on_localhost().full() == "localhost/team/app:latest");
  CHECK(names_registry("localhost/app"));
  CHECK(names_registry("docker.io/library/app:1"));
  CHECK(names_registry("host:5000/app"));
  CHECK_FALSE(names_registry("app:1"));
  CHECK_FALSE(names_registry("team/app:1.0"));
}

TEST_CASE("what is no name is a usage error") {
  const std::string nul("a\0b", 3);
  for (const std::string& text : {std::string(),
                                  std::string(":tag"),
                                  std::string("redis:"),
                                  std::string("Redis"),
                                  std::string("me/App"),
                                  std::string("a//b"),
                                  std::string("/a"),
                                  std::string("a/"),
                                  std::string("host:5000/"),
                                  std::string("a b"),
                                  std::string("a..b"),
                                  std::string("a___b"),
                                  std::string("a.-b"),
                                  std::string("a_.b"),
                                  std::string("-a"),
                                  std::string("a-"),
                                  std::string("_a"),
                                  std::string("a:b:c"),
                                  std::string("a:-b"),
                                  std::string("a:.b"),
                                  std::string("host:x/a"),
                                  std::string("host:/a"),
                                  std::string("-h.x/a"),
                                  std::string("h..x/a"),
                                  std::string("[::1/a"),
                                  std::string("[::1]x/a"),
                                  std::string("[]:1/a"),
                                  std::string("<none>:<none>"),
                                  std::string("a\n"),
                                  nul,
                                  std::string("\xc3\xa9"),
                                  "a:" + std::string(129, 'x'),
                                  std::string(256, 'a')}) {
    CAPTURE(text);
    CHECK(refusal(text).code() == ExitCode::usage);
  }
  CHECK_NOTHROW((void)Reference::parse(std::string(255, 'a') + ":" + std::string(128, 'x')));
}

TEST_CASE("digests and IDs are refused with a clear word") {
  const std::string hex(64, 'a');
  CHECK(refusal("redis@sha256:" + hex).failure().find("digest") != std::string::npos);
  CHECK(refusal("redis:7@sha256:" + hex).failure().find("digest") != std::string::npos);
  CHECK(refusal("sha256:" + hex).failure().find("image ID") != std::string::npos);
  CHECK(refusal(hex).failure().find("image ID") != std::string::npos);
  CHECK(refusal("Redis").failure().find("upper-case") != std::string::npos);
  CHECK(refusal("Redis").remedy() == "write it in lower case");
}
