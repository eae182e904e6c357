// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/ssh_channel.h"

#include <doctest/doctest.h>

#include <future>
#include <random>
#include <thread>

#include "base/hash.h"
#include "ssh_server.h"

using namespace docker_sync;
using namespace docker_sync::test;
using namespace std::chrono_literals;

namespace {

Bytes random_bytes(size_t size) {
  std::minstd_rand random(7);
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() >> 8);
  return bytes;
}

}  // namespace

TEST_SUITE("SshChannel" * doctest::skip(!have_sshd())) {
  TEST_CASE("64 MB go out and come back at the same time") {
    const SshServer server;
    const auto channel = server.run("cat");
    const Bytes block = random_bytes(1 << 20);
    constexpr int kBlocks = 64;
    auto writer = std::async(std::launch::async, [&] {
      Sha256 hash;
      for (int i = 0; i < kBlocks; ++i) {
        hash.write(block);
        channel->write(block);
      }
      channel->finish_writing();
      return hash.finish();
    });
    Sha256 hash;
    Bytes buffer(100'000);
    uint64_t total = 0;
    while (const size_t count = channel->read(buffer, 30s)) {
      hash.write(ByteView(buffer).first(count));
      total += count;
    }
    CHECK(total == block.size() * kBlocks);
    CHECK(hash.finish() == writer.get());
    CHECK(channel->traffic().sent > total);
    CHECK(channel->traffic().received > total);
    CHECK(channel->traffic().received < total + total / 20);
    CHECK(channel->best_rate() > 0);
  }

  TEST_CASE("the host's standard error is drained, and its end kept") {
    const SshServer server;
    const auto channel = server.run("head -c 10000000 /dev/zero >&2; echo last words >&2; echo out");
    CHECK(read_all(*channel) == "out\n");
    CHECK(channel->diagnostics().size() == TextTail::kMaxBytes);
    CHECK(channel->diagnostics().ends_with("last words\n"));
  }

  TEST_CASE("a reader that takes its time stops the host, not our memory") {
    const SshServer server;
    const auto channel = server.run("head -c 40000000 /dev/zero; echo done >&2");
    Bytes small(1000), large(1 << 20);
    uint64_t total = channel->read(small, 30s);
    // A writer that must wait for room shows that the session thread lives while the reader does not read.
    channel->write(random_bytes(1 << 20));
    CHECK(channel->traffic().received < 12 << 20);
    while (const size_t count = channel->read(large, 30s)) total += count;
    CHECK(total == 40'000'000);
    // Windows of 4 MiB need few words: no more than a packet for each MiB.
    CHECK(channel->traffic().sent < (1 << 20) + 10'000);
    CHECK(channel->diagnostics() == "done\n");
  }

  TEST_CASE("a host that takes its time before it reads is no slow network") {
    const SshServer server;
    const auto channel = server.run("sleep 5; head -c 3000000 | wc -c");
    channel->write(random_bytes(3'000'000));
    CHECK(read_all(*channel) == "3000000\n");
    CHECK(channel->best_rate() > 1'000'000);
  }

  TEST_CASE("a server whose command does not read is not sent all that it would take, and gets it in the end") {
    const SshServer server;
    uint64_t least_ahead = UINT64_MAX;  // A busy server may seem far away, and is sent more then.
    for (int attempt = 0; attempt < 5 && least_ahead > 1'500'000; ++attempt) {
      const std::string go = server.home("go" + std::to_string(attempt));
      const auto channel = server.run("head -c 3000000 | wc -c; until [ -e " + go + " ]; do sleep 0.1; done; wc -c");
      channel->write(random_bytes(3'000'000));
      uint8_t bytes[8];
      REQUIRE(channel->read(bytes, 30s) == 8);
      const uint64_t before = channel->traffic().sent;
      auto writer = std::async(std::launch::async, [&] {
        channel->write(random_bytes(4'000'000));
        channel->finish_writing();
      });
      std::this_thread::sleep_for(1s);
      least_ahead = std::min(least_ahead, channel->traffic().sent - before);
      put_file(go, "");
      CHECK(read_all(*channel) == "4000000\n");
      writer.get();
    }
    CHECK(least_ahead < 1'500'000);
  }

  TEST_CASE("the end of our writing reaches the host, and its answer us") {
    const SshServer server;
    const auto channel = server.run("wc -c");
    channel->write(as_bytes("12345"));
    channel->finish_writing();
    CHECK(read_all(*channel) == "5\n");
    CHECK(read_all(*channel).empty());
  }

  TEST_CASE("a writer learns that the command has ended, and what it said can be read") {
    const SshServer server;
    const auto channel = server.run("echo bye");
    CHECK(thrown_by([&] {
            for (int i = 0; i < 100; ++i) channel->write(random_bytes(1 << 20));
          }) == ExitCode::connection);
    CHECK(read_all(*channel) == "bye\n");
  }

  TEST_CASE("close() from another thread wakes a reader and a writer") {
    const SshServer server;
    const auto channel = server.run("sleep 100");
    auto reader = std::async(std::launch::async, [&] {
      uint8_t byte = 0;
      return channel->read({&byte, 1}, 60s);
    });
    auto writer = std::async(std::launch::async, [&] {
      while (true) channel->write(random_bytes(1 << 20));
    });
    CHECK(reader.wait_for(10ms) == std::future_status::timeout);
    channel->close();
    CHECK(reader.get() == 0);
    CHECK(thrown_by([&] { writer.get(); }) == ExitCode::connection);
    CHECK(thrown_by([&] { channel->write(as_bytes("x")); }) == ExitCode::connection);
    channel->close();
  }

  TEST_CASE("silence is an error of the connection, and patience has no upper limit") {
    const SshServer server;
    const auto channel = server.run("read line; echo $line");
    uint8_t bytes[10];
    CHECK(thrown_by([&] { static_cast<void>(channel->read(bytes, 20ms)); }) == ExitCode::connection);
    channel->write(as_bytes("hello\n"));
    CHECK(channel->read(bytes, std::chrono::milliseconds::max()) == 6);
  }

  TEST_CASE("a link that breaks is an error of the connection for reader and writer, after what had come") {
    const SshServer server;
    // $PPID is the sshd of this connection.
    const auto channel = server.run("echo first; read line; kill -9 $PPID; sleep 100");
    uint8_t bytes[10];
    REQUIRE(channel->read(bytes, 30s) == 6);
    channel->write(as_bytes("go\n"));
    std::string text;
    CHECK(thrown_by([&] { static_cast<void>(channel->read(bytes, 30s)); }, &text) == ExitCode::connection);
    CHECK(text.find("connection was lost") != std::string::npos);
    CHECK(thrown_by([&] { channel->write(as_bytes("x")); }) == ExitCode::connection);
  }

  TEST_CASE("a session that renews its keys goes on") {
    const SshServer server("RekeyLimit 1M\n");
    const auto channel = server.run("cat");
    const Bytes block = random_bytes(1 << 20);
    auto writer = std::async(std::launch::async, [&] {
      for (int i = 0; i < 8; ++i) channel->write(block);
      channel->finish_writing();
    });
    CHECK(read_all(*channel).size() == 8 * block.size());
    writer.get();
  }

  TEST_CASE("a proxy command carries a session as a socket does, and ends with it") {
    const SshServer server;
    put_file(server.home(".ssh/config"),
             "ProxyCommand busybox nc 127.0.0.1 %p 2>/dev/null; echo ended > " + server.home("proxy") + "\n");
    {
      const auto channel = server.run("cat");
      const Bytes block = random_bytes(1 << 20);
      auto writer = std::async(std::launch::async, [&] {
        for (int i = 0; i < 4; ++i) channel->write(block);
        channel->finish_writing();
      });
      CHECK(read_all(*channel).size() == 4 * block.size());
      writer.get();
      CHECK(channel->traffic().sent > 4 * block.size());
      CHECK(channel->best_rate() == 0);  // The proxy takes what it likes.
    }
    put_file(server.home(".ssh/config"), "ProxyCommand echo not ssh\n");
    CHECK(thrown_by([&] { static_cast<void>(server.run("true")); }) == ExitCode::connection);
  }
}
