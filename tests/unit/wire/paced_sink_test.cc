// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "wire/paced_sink.h"

#include <doctest/doctest.h>

#include <future>
#include <random>
#include <string>

#include "base/fd_channel.h"

using namespace docker_sync;

namespace {

struct TwoPeers {
  TwoPeers() : TwoPeers(make_channel_pair()) {}
  explicit TwoPeers(ChannelPair pair) : left(std::move(pair.first), "left"), right(std::move(pair.second), "right") {
    left.start({[](const Frame&) {}, {}, {}});
    right.start({[](const Frame&) {}, {}, {}});
  }
  Connection left, right;
};

Bytes prose(size_t size) {
  Bytes bytes(size);
  uint32_t seed = 5;
  for (uint8_t& byte : bytes) {
    seed = seed * 1664525 + 1013904223;
    byte = static_cast<uint8_t>("the quick brown fox "[(seed >> 24) % 20]);
  }
  return bytes;
}

std::future<Bytes> read_all(Connection& connection, uint32_t stream) {
  return std::async(std::launch::async, [&connection, stream] {
    const auto reader = connection.open_reader(stream);
    ZstdSource plain(*reader);
    MemorySink sink;
    copy(plain, sink);
    return std::move(sink.bytes());
  });
}

}  // namespace

TEST_CASE("what goes through a paced stream comes out of it, paced or fixed, in writes of any size") {
  const Bytes bytes = prose(3'000'000);
  for (const std::optional<int> level : {std::optional<int>(), std::optional(1), std::optional(9)}) {
    for (const size_t step : {size_t{700}, bytes.size()}) {
      TwoPeers peers;
      auto arrived = read_all(peers.right, 1);
      auto writer = peers.left.open_writer(1);
      PacedSink sink(writer, level);
      for (size_t at = 0; at < bytes.size(); at += step) {
        sink.write(ByteView(bytes).subspan(at, std::min(step, bytes.size() - at)));
      }
      sink.finish();
      writer.end();
      CHECK(arrived.get() == bytes);
    }
  }
}

TEST_CASE("an empty paced stream is a stream") {
  TwoPeers peers;
  auto arrived = read_all(peers.right, 1);
  auto writer = peers.left.open_writer(1);
  PacedSink sink(writer, std::nullopt);
  sink.finish();
  writer.end();
  CHECK(arrived.get().empty());
}

TEST_CASE("what was flushed arrives though nothing follows") {
  TwoPeers peers;
  const auto reader = peers.right.open_reader(1);
  ZstdSource plain(*reader);
  PacedSink sink(peers.left.open_writer(1), std::nullopt);
  for (int round = 0; round < 20; ++round) {
    const std::string text(static_cast<size_t>(round * 9973 + 1), static_cast<char>('a' + round));
    sink.write(as_bytes(text));
    sink.flush();
    Bytes out(text.size());
    CHECK(read_full(plain, out) == text.size());
    CHECK(as_text(out) == text);
  }
}

TEST_CASE("a paced stream that is left unfinished waits for nobody") {
  TwoPeers peers;
  const Bytes noise = prose(1 << 20);
  {
    // Nobody reads: the compressing thread waits for room by the time that this ends, or soon would.
    PacedSink sink(peers.left.open_writer(1), 1);
    for (int i = 0; i < 10; ++i) sink.write(noise);
  }
  {
    PacedSink sink(peers.left.open_writer(2), std::nullopt);
    sink.write(noise);
  }
  auto other = peers.left.open_writer(3);
  CHECK_NOTHROW(other.write(Bytes(10)));
}

TEST_CASE("a paced stream does not run ahead of what is known about the link") {
  ChannelPair pair = make_channel_pair();
  Connection connection(std::move(pair.first), "left");
  connection.start({[](const Frame&) {}, {}, {}});
  PacedSink sink(connection.open_writer(1), std::nullopt);
  std::mt19937 random(1);
  Bytes noise(1 << 20);
  for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random());
  sink.write(noise);
  // A peer that takes all and gives no credit for it: what follows the first block has to wait.
  size_t sent = 0;
  Bytes buffer(64 << 10);
  while (sent < 128 << 10) sent += pair.second->read(buffer, std::chrono::seconds(20));
  const auto read_until_silent = [&] {
    while (true) sent += pair.second->read(buffer, std::chrono::milliseconds(200));
  };
  CHECK_THROWS_AS(read_until_silent(), const Error&);
  CHECK(sent < 300 << 10);
}

TEST_CASE("a paced stream whose connection ends tells its writer") {
  TwoPeers peers;
  PacedSink sink(peers.left.open_writer(1), std::nullopt);
  auto writing = std::async(std::launch::async, [&] {
    while (true) sink.write(prose(1 << 20));
  });
  peers.left.close();
  CHECK_THROWS_AS(writing.get(), const Error&);
  CHECK_THROWS_AS(sink.finish(), const Error&);
}
