// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "reach/address.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace docker_sync;
using Kind = Address::Kind;

namespace {

/// The message of the usage error, or nothing if there was none.
std::string refusal(std::string_view text) {
  try {
    (void)Address::parse(text);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("bare words are keywords, all others are hosts") {
  CHECK(Address::parse("local").kind == Kind::local);
  CHECK(Address::parse("podman").kind == Kind::podman);
  CHECK(Address::parse("server").kind == Kind::ssh);
  CHECK(Address::parse("ssh://podman").kind == Kind::ssh);
  CHECK(Address::parse("ssh://podman").host->host == "podman");
  CHECK(Address::parse("user@local").host->host == "local");
}

TEST_CASE("a host as ssh takes it, with or without scheme") {
  for (const char* text : {"user@server:2222", "ssh://user@server:2222", "ssh://user@server:2222/"}) {
    CAPTURE(text);
    const Address address = Address::parse(text);
    CHECK(address.kind == Kind::ssh);
    CHECK(address.host->display() == "user@server:2222");
    CHECK(address.path.empty());
    CHECK(address.display() == "user@server:2222");
  }
  CHECK(Address::parse("ssh://a%40b@server").host->user == "a@b");
  CHECK(Address::parse("::1").host->host == "::1");
}

TEST_CASE("a socket at a host, in two forms") {
  for (const char* text : {"ssh://user@server/run/d.sock", "sshunix://user@server:/run/d.sock"}) {
    CAPTURE(text);
    const Address address = Address::parse(text);
    CHECK(address.kind == Kind::ssh);
    CHECK(address.host->display() == "user@server");
    CHECK(address.path == "/run/d.sock");
  }
  CHECK(Address::parse("ssh://server:22/run/d.sock").host->port == 22);
  CHECK(Address::parse("sshunix://server:/d").host->user.empty());
  CHECK(Address::parse("sshunix://[::1]:/d").host->host == "::1");
}

TEST_CASE("a socket here, or the usual one") {
  CHECK(Address::parse("unix:///run/my.sock").path == "/run/my.sock");
  CHECK(Address::parse("unix:///run/my.sock").kind == Kind::socket);
  CHECK(Address::parse("unix:///run/my.sock").display() == "unix:///run/my.sock");
  CHECK(Address::parse("unix://").path.empty());
}

TEST_CASE("a daemon by TCP, whose port may be left to docker's habits") {
  CHECK(Address::parse("tcp://server:2376").host->port == 2376);
  CHECK(Address::parse("tcp://server:2376/").display() == "tcp://server:2376");
  CHECK_FALSE(Address::parse("tcp://server").host->port.has_value());
  CHECK(Address::parse("tcp://[::1]:2375").host->host == "::1");
}

TEST_CASE("a context has any name") {
  CHECK(Address::parse("context:work").context == "work");
  CHECK(Address::parse("context:a b:c").context == "a b:c");
  CHECK(Address::parse("context:work").display() == "context:work");
}

TEST_CASE("a directory here or at a host, told apart as scp does it") {
  CHECK(Address::parse("oci:images").path == "images");
  CHECK_FALSE(Address::parse("oci:images").host.has_value());
  CHECK_FALSE(Address::parse("oci:./a:b").host.has_value());
  CHECK_FALSE(Address::parse("oci:/srv/user@host:x").host.has_value());
  const Address there = Address::parse("oci:user@host:/srv/images");
  CHECK(there.host->display() == "user@host");
  CHECK(there.path == "/srv/images");
  CHECK(there.display() == "oci:user@host:/srv/images");
  CHECK(Address::parse("oci:user@[::1]:dir").host->host == "::1");
  CHECK(Address::parse("oci:user@[::1]:dir").path == "dir");
}

TEST_CASE("what is no address is refused, with what is wrong") {
  for (const char* text : {"",
                           "ssh://",
                           "ssh://user@",
                           "sshunix://server",
                           "sshunix://server/run/d.sock",
                           "unix://d.sock",
                           "tcp://",
                           "tcp://server:0",
                           "tcp://server:x",
                           "tcp://user@server:1",
                           "tcp://server:1/x",
                           "context:",
                           "oci:",
                           "oci:host:",
                           "oci:-oProxyCommand=x:dir",
                           "http://server",
                           "npipe:////./pipe",
                           "-oProxyCommand=x",
                           "ssh://-oProxyCommand=x/run/d.sock",
                           "sshunix://-x:/d",
                           "a b",
                           "ssh://server/run/\n"}) {
    CAPTURE(text);
    CHECK_FALSE(refusal(text).empty());
  }
  CHECK(refusal("http://server").find("'http' is unknown") != std::string::npos);
}

TEST_CASE("the same text is the same address") {
  CHECK(Address::parse("user@server") == Address::parse("ssh://user@server/"));
  CHECK_FALSE(Address::parse("server") == Address::parse("server:22"));
}
