// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/attach_channel.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <future>

#include "base/error.h"

using namespace docker_sync;
using namespace std::chrono_literals;

namespace {

const std::string kUpgraded = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

/// The daemon's end of the connection, which answers before it is asked.
struct Daemon {
  Fd end, ours;

  explicit Daemon(const std::string& words) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    end = Fd(ends[0]);
    ours = Fd(ends[1]);
    write_all(end, as_bytes(words));
  }
  std::unique_ptr<AttachChannel> attach() {
    return std::make_unique<AttachChannel>(make_socket_stream(std::move(ours)), "/v1.41/containers/c/attach?stream=1");
  }
  [[nodiscard]] std::string heard() const {
    Bytes block(1000);
    return std::string(as_text(ByteView(block).first(read_some(end, block).value_or(0))));
  }
};

std::string frame(uint8_t stream, const std::string& text) {
  return std::string{static_cast<char>(stream), 0, 0, 0, 0, 0, 0, static_cast<char>(text.size())} + text;
}

std::string read(Channel& channel) {
  Bytes block(100);
  return std::string(as_text(ByteView(block).first(channel.read(block, 10s))));
}

}  // namespace

TEST_CASE("it asks for an upgrade, then bytes go both ways") {
  Daemon daemon(kUpgraded + frame(1, "early"));
  const auto channel = daemon.attach();
  const std::string request = daemon.heard();
  CHECK(request.starts_with("POST /v1.41/containers/c/attach?stream=1 HTTP/1.1\r\n"));
  CHECK(request.find("\r\nUpgrade: tcp\r\n") != request.npos);
  CHECK(channel->await_output(10s));
  CHECK(read(*channel) == "early");
  channel->write(as_bytes("in"));
  CHECK(daemon.heard() == "in");
  write_all(daemon.end, as_bytes(frame(2, "oops\n") + frame(1, "late")));
  CHECK(read(*channel) == "late");
  CHECK(channel->diagnostics() == "oops\n");
}

TEST_CASE("the end of the container is the end, output before it or none") {
  Daemon daemon(kUpgraded + frame(1, "last"));
  const auto channel = daemon.attach();
  daemon.end.reset();
  CHECK(read(*channel) == "last");
  CHECK(read(*channel).empty());

  Daemon mute(kUpgraded + frame(2, "no such file\n"));
  const auto silent = mute.attach();
  mute.end.reset();
  CHECK_FALSE(silent->await_output(10s));
  CHECK(silent->diagnostics() == "no such file\n");
}

TEST_CASE("a daemon that refuses is quoted") {
  for (const char* words : {"HTTP/1.1 404 Not Found\r\nContent-Length: 30\r\n\r\n{\"message\":\"no such container\"}",
                            "HTTP/1.1 500 no such container\r\n\r\n", "no such container\r\n\r\n"}) {
    Daemon daemon(words);
    try {
      (void)daemon.attach();
      FAIL("attached");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::engine);
      CHECK(std::string(error.what()).find("no such container") != std::string::npos);
    }
  }
}

TEST_CASE("an answer that is cut short, or has no end, is an error") {
  for (size_t length = 0; length < kUpgraded.size(); ++length) {
    Daemon daemon(kUpgraded.substr(0, length));
    ::shutdown(daemon.end.get(), SHUT_WR);
    CHECK_THROWS_AS((void)daemon.attach(), EngineGone);
  }
  Daemon endless(std::string(100'000, 'x'));
  CHECK_THROWS_AS((void)endless.attach(), Error);
}

TEST_CASE("silence is an error, and closing wakes who waits") {
  Daemon daemon(kUpgraded);
  const auto channel = daemon.attach();
  Bytes block(10);
  CHECK_THROWS_AS((void)channel->read(block, 20ms), Error);
  auto waiting = std::async(std::launch::async, [&] { return channel->read(block, 10s); });
  channel->close();
  CHECK(waiting.get() == 0);
  CHECK_THROWS_AS(channel->write(as_bytes("x")), Error);
}

TEST_CASE("what went another way is counted as sent") {
  Daemon daemon(kUpgraded);
  const auto channel = daemon.attach();
  const uint64_t before = channel->traffic().sent;
  channel->add_to_sent(1000);
  channel->write(as_bytes("abc"));
  CHECK(channel->traffic().sent == before + 1003);
}
