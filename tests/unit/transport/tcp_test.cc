// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/tcp.h"

#include <doctest/doctest.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include "ssh_server.h"

using namespace docker_sync;
using namespace docker_sync::test;
using namespace std::chrono_literals;

namespace {

struct Listener {
  Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  uint16_t port = find_free_port();
  Listener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd.get(), 1) == 0);
  }
};

}  // namespace

TEST_CASE("a connection is made without delays, from the address that was asked for") {
  const Listener listener;
  const Fd fd = connect_tcp("127.0.0.1", listener.port, "127.0.0.1", 5s);
  int on = 0;
  socklen_t size = sizeof on;
  REQUIRE(::getsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, &size) == 0);
  CHECK(on == 1);
}

TEST_CASE("a small packet is acknowledged before the next one goes back") {
  const Listener listener;
  const Fd client = connect_tcp("127.0.0.1", listener.port, "", 5s);
  const Fd server(::accept(listener.fd.get(), nullptr, nullptr));
  const auto not_acknowledged = [&] {
    int count = -1;
    REQUIRE(::ioctl(server.get(), SIOCOUTQ, &count) == 0);
    return count;
  };
  const auto server_sends = [&] {
    char byte = 'x';
    REQUIRE(::send(server.get(), &byte, 1, 0) == 1);
    REQUIRE(::recv(client.get(), &byte, 1, MSG_WAITALL) == 1);
  };
  // The kernel acknowledges a new connection's first packets at once; then it waits, as long as packets go back soon.
  bool waits = false;
  for (int tries = 0; tries < 100 && !waits; ++tries) {
    server_sends();
    waits = not_acknowledged() == 1;
    char byte = 'y';
    REQUIRE(::send(client.get(), &byte, 1, 0) == 1);
    REQUIRE(::recv(server.get(), &byte, 1, MSG_WAITALL) == 1);
  }
  CHECK(waits);
  server_sends();
  acknowledge(client.get());
  CHECK(not_acknowledged() == 0);
}

TEST_CASE("every address of a name is tried") {
  const Listener listener;  // on IPv4 alone; localhost may mean ::1 first
  CHECK(connect_tcp("localhost", listener.port, "", 5s));
}

TEST_CASE("what went wrong is said") {
  std::string text;
  CHECK(thrown_by([&] { static_cast<void>(connect_tcp("no-such-host.invalid", 22, "", 5s)); }, &text) ==
        ExitCode::connection);
  CHECK(text.find("no-such-host.invalid") != std::string::npos);
  const uint16_t port = find_free_port();
  CHECK(thrown_by([&] { static_cast<void>(connect_tcp("127.0.0.1", port, "", 5s)); }, &text) == ExitCode::connection);
  CHECK(text.find("port " + std::to_string(port) + ": refused") != std::string::npos);
  CHECK(thrown_by([&] { static_cast<void>(connect_tcp("127.0.0.1", port, "192.0.2.1", 5s)); }, &text) ==
        ExitCode::connection);
}
