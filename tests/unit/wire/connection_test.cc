// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "wire/connection.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <future>

#include "base/fd_channel.h"
#include "wire/limits.h"

using namespace docker_sync;

namespace {

/// Two channels over two pipes of the smallest size that the kernel makes.
ChannelPair make_narrow_pair() {
  Pipe there = make_pipe(), back = make_pipe();
  ::fcntl(there.write_end.get(), F_SETPIPE_SZ, 65536);
  ::fcntl(back.write_end.get(), F_SETPIPE_SZ, 65536);
  return {std::make_unique<FdChannel>(std::move(back.read_end), std::move(there.write_end)),
          std::make_unique<FdChannel>(std::move(there.read_end), std::move(back.write_end))};
}

/// A connection that keeps what it is told.
struct Peer {
  Peer(std::unique_ptr<Channel> channel, const std::string& label) : connection(std::move(channel), label) {}

  void start() {
    connection.start({[this](Frame frame) { control.set_value(std::move(frame)); },
                      [this](const std::optional<Error>& error) { ended.set_value(error); },
                      {}});
  }

  std::promise<Frame> control;
  std::promise<std::optional<Error>> ended;
  Connection connection;
};

struct TwoPeers {
  TwoPeers() : TwoPeers(make_narrow_pair()) {}
  explicit TwoPeers(ChannelPair pair)
      : left(std::move(pair.first), "left's peer"), right(std::move(pair.second), "right's peer") {
    left.start();
    right.start();
  }
  Peer left, right;
};

Bytes pattern(size_t size, uint32_t seed) {
  Bytes bytes(size);
  for (uint8_t& byte : bytes) {
    seed = seed * 1664525 + 1013904223;
    byte = static_cast<uint8_t>(seed >> 24);
  }
  return bytes;
}

Bytes read_all(Source& source) {
  MemorySink sink;
  copy(source, sink);
  return std::move(sink.bytes());
}

/// A raw channel on one side, to say what a real peer would not.
struct AgainstRaw {
  AgainstRaw() : AgainstRaw(make_channel_pair()) {}
  explicit AgainstRaw(ChannelPair pair) : raw(std::move(pair.second)), peer(std::move(pair.first), "raw") {
    peer.start();
  }

  void say(FrameType type, ByteView payload) {
    raw->write(encode_frame_header({static_cast<uint32_t>(payload.size()), type}));
    raw->write(payload);
  }
  std::optional<Error> end() { return peer.ended.get_future().get(); }

  std::unique_ptr<Channel> raw;
  Peer peer;
};

}  // namespace

TEST_CASE("a message reaches the other side's control handler") {
  TwoPeers peers;
  peers.left.connection.send(Query{true, {"a"}, {}});
  const auto query = decode<Query>(peers.right.control.get_future().get());
  CHECK(query.names == std::vector<std::string>{"a"});
}

TEST_CASE("streams of both directions far beyond pipe and window do not block each other") {
  TwoPeers peers;
  constexpr size_t kBytes = 3 * limits::kStreamWindow;
  const auto sender = [&](Connection& connection, uint32_t stream) {
    return std::async(std::launch::async, [&connection, stream] {
      auto writer = connection.open_writer(stream);
      writer.write(pattern(kBytes, stream));
      writer.end();
    });
  };
  const auto receiver = [&](Connection& connection, uint32_t stream) {
    return std::async(std::launch::async, [&connection, stream] {
      const auto reader = connection.open_reader(stream);
      return read_all(*reader) == pattern(kBytes, stream);
    });
  };
  auto& left = peers.left.connection;
  auto& right = peers.right.connection;
  auto s1 = sender(left, 1), s2 = sender(right, 2), s3 = sender(left, 3);
  auto r1 = receiver(right, 1), r2 = receiver(left, 2), r3 = receiver(right, 3);
  CHECK(r1.get());
  CHECK(r2.get());
  CHECK(r3.get());
  s1.get(), s2.get(), s3.get();
}

TEST_CASE("a stream that nobody reads does not hold up the others, nor control frames") {
  TwoPeers peers;
  auto stuck = std::async(std::launch::async, [&] {
    auto writer = peers.left.connection.open_writer(1);
    writer.write(Bytes(limits::kStreamWindow + 1));
  });
  auto writer = peers.left.connection.open_writer(2);
  writer.write(pattern(1000, 2));
  writer.end();
  CHECK(read_all(*peers.right.connection.open_reader(2)) == pattern(1000, 2));
  peers.left.connection.send(Query{});
  CHECK(peers.right.control.get_future().get().type == FrameType::query);
  peers.left.connection.close();
  CHECK_THROWS_AS(stuck.get(), const Error&);
}

TEST_CASE("a writer knows what its reader has not consumed, and can wait for it") {
  TwoPeers peers;
  auto writer = peers.left.connection.open_writer(1);
  const Bytes bytes = pattern(300'000, 1);
  writer.write(bytes);
  CHECK(writer.backlog().bytes == bytes.size());
  CHECK(writer.backlog().window == limits::kStreamWindow);
  const auto reader = peers.right.connection.open_reader(1);
  Bytes half(150'000);
  CHECK(read_full(*reader, half) == half.size());
  writer.wait_for([](const Backlog& backlog) { return backlog.bytes <= 150'000 + limits::kCreditStep; });
  CHECK(writer.backlog().bytes >= 150'000);

  auto rest = std::async(std::launch::async, [&] { return read_all(*reader); });
  writer.wait_for([](const Backlog& backlog) { return backlog.bytes < limits::kCreditFloor; });
  CHECK(writer.backlog().bytes_per_second > 0);
  writer.end();
  CHECK(rest.get().size() == 150'000);
}

TEST_CASE("credit comes in steps while there is more to read, for all before a reader waits, and says how long it lay") {
  AgainstRaw side;
  side.raw->write(kMagic);
  const auto next_credit = [&] {
    Bytes frame(kFrameHeaderBytes + 12);
    for (size_t done = 0; done < frame.size();) {
      done += side.raw->read(MutableBytes(frame).subspan(done), std::chrono::seconds(10));
    }
    CHECK(frame[4] == static_cast<uint8_t>(FrameType::credit));
    const auto number_at = [&](size_t at) {
      return frame[at] | frame[at + 1] << 8 | frame[at + 2] << 16 | frame[at + 3] << 24;
    };
    return std::pair(number_at(9), std::chrono::microseconds(number_at(13)));
  };
  Bytes magic(kMagic.size());
  REQUIRE(side.raw->read(magic, std::chrono::seconds(10)) == magic.size());

  Bytes payload(4 + 60'000);
  payload[0] = 1;
  side.say(FrameType::data, payload);
  side.say(FrameType::data, payload);
  side.say(FrameType::query, {});
  side.peer.control.get_future().wait();  // So both are there.
  constexpr std::chrono::seconds pause(1);
  std::this_thread::sleep_for(pause);
  const auto reader = side.peer.connection.open_reader(1);
  Bytes part(limits::kCreditStep);
  CHECK(read_full(*reader, part) == part.size());
  const auto [first_bytes, first_unread] = next_credit();
  CHECK(first_bytes == limits::kCreditStep);
  CHECK(first_unread >= pause);
  auto rest = std::async(std::launch::async, [&] { return read_all(*reader); });
  const auto [more_bytes, more_unread] = next_credit();
  CHECK(more_bytes == 120'000 - limits::kCreditStep);
  CHECK(more_unread >= first_unread);
  side.say(FrameType::data, payload);
  const auto [last_bytes, last_unread] = next_credit();
  CHECK(last_bytes == 60'000);
  CHECK(last_unread < pause);
  side.say(FrameType::data, Bytes{1, 0, 0, 0});
  CHECK(rest.get().size() == 180'000 - limits::kCreditStep);
}

TEST_CASE("what a peer sent before it went can be read to its end") {
  for (int round = 0; round < 20; ++round) {
    AgainstRaw side;
    side.raw->write(kMagic);
    Bytes payload(4 + 10'000);
    payload[0] = 1;
    for (int i = 0; i < 8; ++i) side.say(FrameType::data, payload);
    side.say(FrameType::data, Bytes{1, 0, 0, 0});
    side.raw->finish_writing();
    const auto reader = side.peer.connection.open_reader(1);
    CHECK(read_all(*reader).size() == 80'000);
  }
}

TEST_CASE("an abandoned stream wakes who waits in it, and leaves the others alone") {
  TwoPeers peers;
  auto writer = peers.left.connection.open_writer(1);
  auto writing = std::async(std::launch::async, [&] { writer.write(Bytes(2 * limits::kStreamWindow)); });
  auto waiting = std::async(std::launch::async, [&] { writer.wait_for([](const Backlog&) { return false; }); });
  writer.abandon();
  CHECK_THROWS_AS(writing.get(), const Error&);
  CHECK_THROWS_AS(waiting.get(), const Error&);
  CHECK_THROWS_AS(writer.write(Bytes(1)), const Error&);
  auto other = peers.left.connection.open_writer(2);
  other.write(pattern(10, 2));
  other.end();
  CHECK(read_all(*peers.right.connection.open_reader(2)) == pattern(10, 2));
}

TEST_CASE("retired streams wake their readers and writers, and later ones work") {
  TwoPeers peers;
  auto reading = std::async(std::launch::async, [&] { return read_all(*peers.right.connection.open_reader(1)); });
  auto writing = std::async(std::launch::async, [&] {
    auto writer = peers.left.connection.open_writer(2);
    writer.write(Bytes(2 * limits::kStreamWindow));
  });
  const Error reason(ExitCode::image, "it went away");
  peers.right.connection.retire_streams_below(3, reason);
  peers.left.connection.retire_streams_below(3, reason);
  CHECK_THROWS_WITH_AS(reading.get(), "it went away", const Error&);
  CHECK_THROWS_WITH_AS(writing.get(), "it went away", const Error&);
  auto writer = peers.left.connection.open_writer(3);
  writer.write(pattern(10, 3));
  writer.end();
  CHECK(read_all(*peers.right.connection.open_reader(3)) == pattern(10, 3));
}

TEST_CASE("an abort ends the other side with its code and text") {
  TwoPeers peers;
  peers.left.connection.abort(Error(ExitCode::disk, "full"));
  const auto error = peers.right.ended.get_future().get();
  REQUIRE(error.has_value());
  CHECK(error->code() == ExitCode::disk);
}

TEST_CASE("an orderly end is told as such, and a reader of an unfinished stream is not left waiting") {
  TwoPeers peers;
  auto reading = std::async(std::launch::async, [&] { return read_all(*peers.right.connection.open_reader(1)); });
  peers.left.connection.close();
  CHECK_FALSE(peers.right.ended.get_future().get().has_value());
  CHECK_THROWS_AS(reading.get(), const Error&);
}

TEST_CASE("a peer without the magic is refused") {
  AgainstRaw side;
  side.raw->write(as_bytes("SSH-2.0-OpenSSH"));
  const auto error = side.end();
  REQUIRE(error.has_value());
  CHECK(error->code() == ExitCode::protocol);
}

TEST_CASE("a peer that breaks the rules of streams is refused") {
  AgainstRaw side;
  side.raw->write(kMagic);
  SUBCASE("data without a stream") { side.say(FrameType::data, Bytes{1, 0}); }
  SUBCASE("data after the end") {
    side.say(FrameType::data, Bytes{1, 0, 0, 0});
    side.say(FrameType::data, Bytes{1, 0, 0, 0, 9});
  }
  SUBCASE("more data than credit") {
    Bytes payload(4 + limits::kDataBytes);
    payload[0] = 1;
    for (size_t sent = 0; sent <= limits::kStreamWindow; sent += limits::kDataBytes) {
      try {
        side.say(FrameType::data, payload);
      } catch (const Error&) {
        break;  // It has hung up already.
      }
    }
  }
  SUBCASE("too many streams") {
    for (uint8_t stream = 0; stream <= limits::kLiveStreams; ++stream)
      side.say(FrameType::data, Bytes{stream, 0, 0, 0, 9});
  }
  SUBCASE("credit beyond what was sent") {
    side.peer.connection.open_writer(1).write(Bytes(10));
    side.say(FrameType::credit, Bytes{1, 0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0});
  }
  SUBCASE("credit for no stream") { side.say(FrameType::credit, Bytes{1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}); }
  SUBCASE("credit that does not say how long its bytes lay there") {
    side.peer.connection.open_writer(1).write(Bytes(10));
    side.say(FrameType::credit, Bytes{1, 0, 0, 0, 10, 0, 0, 0});
  }
  SUBCASE("an unknown frame") { side.raw->write(Bytes{0, 0, 0, 0, 99}); }
  SUBCASE("a frame that is too long") { side.raw->write(Bytes{0xff, 0xff, 0xff, 0xff, 10}); }
  const auto error = side.end();
  REQUIRE(error.has_value());
  CHECK(error->code() == ExitCode::protocol);
}

TEST_CASE("a peer that ends inside a frame is a connection error") {
  AgainstRaw side;
  side.raw->write(kMagic);
  side.raw->write(Bytes{10, 0, 0, 0, 10, 1});
  side.raw->close();
  const auto error = side.end();
  REQUIRE(error.has_value());
  CHECK(error->code() == ExitCode::connection);
}
