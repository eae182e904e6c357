// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/host_spec.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace docker_sync;

TEST_CASE("all forms that ssh takes are read") {
  CHECK(HostSpec::parse("server") == HostSpec{"", "server", {}});
  CHECK(HostSpec::parse("user@server") == HostSpec{"user", "server", {}});
  CHECK(HostSpec::parse("user@server:2222") == HostSpec{"user", "server", 2222});
  CHECK(HostSpec::parse("[::1]") == HostSpec{"", "::1", {}});
  CHECK(HostSpec::parse("[::1]:22") == HostSpec{"", "::1", 22});
  CHECK(HostSpec::parse("::1") == HostSpec{"", "::1", {}});
  CHECK(HostSpec::parse("user@fe80::1%eth0") == HostSpec{"user", "fe80::1%eth0", {}});
  CHECK(HostSpec::parse("ssh://server") == HostSpec{"", "server", {}});
  CHECK(HostSpec::parse("ssh://user@server:2222/") == HostSpec{"user", "server", 2222});
  CHECK(HostSpec::parse("ssh://user@[2001:db8::1]:2222") == HostSpec{"user", "2001:db8::1", 2222});
}

TEST_CASE("the last @ parts user and host, since users have mail addresses for names") {
  CHECK(HostSpec::parse("me@example.org@server") == HostSpec{"me@example.org", "server", {}});
}

TEST_CASE("a user in a URI may be percent-encoded") {
  CHECK(HostSpec::parse("ssh://DOMAIN%5Cme@server").user == "DOMAIN\\me");
  CHECK(HostSpec::parse("DOMAIN\\me@server").user == "DOMAIN\\me");
  CHECK_THROWS_AS((void)HostSpec::parse("ssh://a%4@server"), Error);
  CHECK_THROWS_AS((void)HostSpec::parse("ssh://a%zz@server"), Error);
}

TEST_CASE("what names no host is refused as bad usage") {
  for (const std::string text :
       {"", "@server", "user@", "ssh://", "ssh://user@", "ssh://@server", "[]", "[::1", "[::1]x", "server:", "server:0",
        "server:65536", "server:22x", ":22", "[::1]:", "ssh://server/path", "a b", "a\nb"}) {
    CAPTURE(text);
    try {
      static_cast<void>(HostSpec::parse(text));
      FAIL("was accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::usage);
    }
  }
}

TEST_CASE("what ssh or a shell would obey is refused") {
  for (const std::string text :
       {"-oProxyCommand=x", "-l@server", "user@-x", "ssh://-x", "a;b", "a|b", "$(x)", "`x`", "a'b@server", "a$b@server",
        "ssh://%2doProxy@server", "ssh://a%3bb@server", "a,b", "*"}) {
    CAPTURE(text);
    CHECK_THROWS_AS((void)HostSpec::parse(text), Error);
  }
}

TEST_CASE("a host is displayed as it can be typed") {
  for (const std::string text : {"server", "user@server", "user@server:2222", "[::1]:22", "::1", "me@a@server"}) {
    CHECK(HostSpec::parse(text).display() == text);
  }
  CHECK(HostSpec::parse("ssh://u@[::1]:5/").display() == "u@[::1]:5");
}
