// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/fd_channel.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <future>
#include <string>

#include "base/error.h"
#include "outcome.h"

using namespace docker_sync;
using namespace std::chrono_literals;

namespace {

constexpr auto kLong = 60s;

std::string read_all(Channel& channel) {
  std::string text;
  Bytes buffer(1000);
  while (const size_t count = channel.read(buffer, kLong)) text += as_text(ByteView(buffer).first(count));
  return text;
}

/// Two channels over two pipes, as a helper's standard input and output are.
ChannelPair over_pipes() {
  Pipe there = make_pipe(), back = make_pipe();
  return {std::make_unique<FdChannel>(std::move(back.read_end), std::move(there.write_end)),
          std::make_unique<FdChannel>(std::move(there.read_end), std::move(back.write_end))};
}

}  // namespace

TEST_CASE("what one end writes the other reads, until it has finished, and both count it") {
  for (const auto& make : {make_channel_pair, over_pipes}) {
    const ChannelPair pair = make();
    pair.first->write(as_bytes("hello"));
    pair.first->finish_writing();
    CHECK(read_all(*pair.second) == "hello");
    // The other direction goes on.
    pair.second->write(as_bytes("back"));
    pair.second->finish_writing();
    CHECK(read_all(*pair.first) == "back");
    CHECK(pair.first->traffic().sent == 5);
    CHECK(pair.first->traffic().received == 4);
    CHECK(pair.second->traffic().sent == 4);
    CHECK(pair.second->traffic().received == 5);
    CHECK(pair.first->diagnostics().empty());
  }
}

TEST_CASE("both directions carry bulk at a time") {
  for (const auto& make : {make_channel_pair, over_pipes}) {
    const ChannelPair pair = make();
    const std::string bulk(5'000'000, 'x');
    const auto writes = [&bulk](Channel& channel) {
      return std::async(std::launch::async, [&bulk, &channel] {
        channel.write(as_bytes(bulk));
        channel.finish_writing();
      });
    };
    auto one = writes(*pair.first), two = writes(*pair.second);
    auto read = std::async(std::launch::async, [&] { return read_all(*pair.first).size(); });
    CHECK(read_all(*pair.second).size() == bulk.size());
    CHECK(read.get() == bulk.size());
    one.get();
    two.get();
  }
}

TEST_CASE("a peer that stays silent is a dead connection") {
  const ChannelPair pair = make_channel_pair();
  Bytes buffer(10);
  CHECK(outcome([&] { return pair.first->read(buffer, 10ms); }) == ExitCode::connection);
}

TEST_CASE("closing wakes whoever reads") {
  for (const auto& make : {make_channel_pair, over_pipes}) {
    const ChannelPair pair = make();
    auto reader = std::async(std::launch::async, [&] { return read_all(*pair.first); });
    pair.first->close();
    CHECK(reader.get().empty());
    Bytes buffer(10);
    CHECK(pair.first->read(buffer, kLong) == 0);
  }
}

TEST_CASE("closing wakes whoever writes") {
  ::signal(SIGPIPE, SIG_IGN);
  for (const auto& make : {make_channel_pair, over_pipes}) {
    const ChannelPair pair = make();
    const Bytes bulk(10'000'000);  // More than any pipe holds, and nobody reads.
    std::promise<void> started;
    auto writer = std::async(std::launch::async, [&] {
      pair.first->write(as_bytes("first"));
      started.set_value();
      return outcome([&] { pair.first->write(bulk); });
    });
    started.get_future().wait();
    pair.first->close();
    CHECK(writer.get() == ExitCode::connection);
    CHECK(outcome([&] { pair.first->write(as_bytes("a")); }) == ExitCode::connection);
    pair.first->close();
  }
}

TEST_CASE("a peer that is gone ends reading and fails writing") {
  ::signal(SIGPIPE, SIG_IGN);
  for (const auto& make : {make_channel_pair, over_pipes}) {
    ChannelPair pair = make();
    pair.second.reset();
    CHECK(read_all(*pair.first).empty());
    CHECK(outcome([&] { pair.first->write(as_bytes("a")); }) == ExitCode::connection);
  }
}
