// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "reach/tcp_engine.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/error.h"

using namespace docker_sync;

namespace {

struct Listener {
  Fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  uint16_t port = 0;

  Listener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    REQUIRE(::listen(socket.get(), 5) == 0);
    port = ntohs(address.sin_port);
  }
};

}  // namespace

TEST_CASE("bytes of all connections to a daemon are counted together") {
  const Listener listener;
  const TcpDaemon daemon{{"", "127.0.0.1", listener.port}, std::nullopt};
  for (int i = 0; i < 2; ++i) {
    const auto stream = daemon.connect();
    const Fd accepted(::accept(listener.socket.get(), nullptr, nullptr));
    CHECK(stream->write_some(as_bytes("abc")) == 3);
    write_all(accepted, as_bytes("hello"));
    Bytes block(100);
    REQUIRE(stream->wait(EngineStream::Wait::reading, std::chrono::seconds(10)));
    CHECK(stream->read_some(block) == 5);
  }
  CHECK(daemon.count->sent == 6);
  CHECK(daemon.count->received == 10);
}

TEST_CASE("nobody there is a connection error that speaks of dockerd, not of SSH") {
  uint16_t port = 0;
  {
    const Listener listener;
    port = listener.port;
  }
  try {
    (void)TcpDaemon{{"", "127.0.0.1", port}, std::nullopt}.connect();
    FAIL("connected");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::connection);
    CHECK(error.remedy().find("dockerd") != std::string::npos);
  }
}
