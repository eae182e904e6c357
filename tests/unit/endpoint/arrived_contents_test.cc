// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/arrived_contents.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <future>
#include <thread>

#include "outcome.h"

using namespace docker_sync;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMiB = size_t{1} << 20;
/// What is not left to others, 32 MiB, is for contents.
constexpr size_t kMemory = 40 * kMiB;

std::string new_folder() {
  std::string path = "/var/tmp/docker-sync-arrived-test-XXXXXX";
  REQUIRE(::mkdtemp(path.data()) != nullptr);
  return path;
}

struct Arriving {
  explicit Arriving(ArrivedContents::Reading reading = ArrivedContents::Reading::once)
      : contents(space, times, reading) {}
  ~Arriving() { std::filesystem::remove_all(folder); }
  Arriving(const Arriving&) = delete;
  Arriving& operator=(const Arriving&) = delete;

  uint64_t arrive(uint64_t number, size_t size) {
    contents.begin(number, size, ArrivedContents::HandOn::when_right).write(Bytes(size, static_cast<uint8_t>(number)));
    contents.arrived(number);
    return number;
  }
  uint64_t arrive(size_t size) { return arrive(contents.expect(), size); }

  /// The same, in writes of 100,000 bytes that are handed on.
  void come(uint64_t number, size_t size) {
    Sink& sink = contents.begin(number, size, ArrivedContents::HandOn::as_it_comes);
    for (size_t left = size; left > 0;) {
      const size_t count = std::min<size_t>(left, 100'000);
      sink.write(Bytes(count, static_cast<uint8_t>(number)));
      left -= count;
    }
    contents.arrived(number);
  }

  /// Whether it is what arrive() wrote.
  bool take(uint64_t number, size_t size) {
    const ArrivedContents::Place place = contents.take(number);
    for (size_t offset = 0; offset < size;) {
      Bytes bytes(std::min<size_t>(size - offset, 70'000));
      place.bytes->read_at(place.offset + offset, bytes);
      if (bytes != Bytes(bytes.size(), static_cast<uint8_t>(number))) return false;
      offset += bytes.size();
    }
    return true;
  }

  [[nodiscard]] size_t used() const { return kMemory - space.memory_left(); }

  /// Whether that much is used soon, however slow the machine is, and no more then.
  [[nodiscard]] bool comes_to_use(size_t bytes) const {
    for (const auto end = Clock::now() + 20s; used() < bytes && Clock::now() < end;) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(100ms);
    return used() == bytes;
  }

  std::string folder = new_folder();
  SpoolSpace space{folder, kMemory};
  StageTimes times;
  ArrivedContents contents;
};

}  // namespace

TEST_CASE("what was taken as often as it was expected is given up once no more can be") {
  Arriving arriving;
  const uint64_t once = arriving.arrive(2 * kMiB), twice = arriving.arrive(3 * kMiB);
  CHECK(arriving.take(once, 2 * kMiB));
  CHECK(arriving.take(twice, 3 * kMiB));
  CHECK(arriving.used() == 5 * kMiB);
  arriving.contents.expect_again(twice);
  arriving.contents.no_more();
  CHECK(arriving.used() == 3 * kMiB);
  CHECK(arriving.take(twice, 3 * kMiB));
  CHECK(arriving.arrive(kMiB) > 0);  // Lets go of what it wrote to before.
  CHECK(arriving.used() == kMiB);
}

TEST_CASE("a place that is held keeps its bytes") {
  Arriving arriving;
  const uint64_t number = arriving.arrive(2 * kMiB);
  arriving.contents.no_more();
  const ArrivedContents::Place place = arriving.contents.take(number);
  (void)arriving.arrive(2 * kMiB);
  CHECK(arriving.used() == 4 * kMiB);
  Bytes byte(1);
  place.bytes->read_at(place.offset + 2 * kMiB - 1, byte);
  CHECK(byte[0] == static_cast<uint8_t>(number));
}

TEST_CASE("small contents share their memory") {
  Arriving arriving;
  std::vector<uint64_t> numbers;
  for (int i = 0; i < 5000; ++i) numbers.push_back(arriving.arrive(1000));
  arriving.contents.no_more();
  CHECK(arriving.used() == 5'000'000);
  for (const uint64_t number : numbers) REQUIRE(arriving.take(number, 1000));
  CHECK(arriving.used() <= kMiB);  // What is written to.
}

TEST_CASE("of any number of contents no more is held than there is memory for, and none goes to the disk") {
  Arriving arriving;
  std::filesystem::remove(arriving.folder);
  std::vector<uint64_t> numbers;
  for (size_t i = 0; i < 400; ++i) numbers.push_back(arriving.contents.expect());
  arriving.contents.no_more();
  auto writer = std::async(std::launch::async, [&] {
    try {
      // Now and then one that fits beside nothing else.
      for (const uint64_t number : numbers) arriving.arrive(number, (number % 5 == 4 ? 7 : 2) * kMiB);
    } catch (const Error& error) {
      arriving.contents.close(error);
      throw;
    }
  });
  CHECK(arriving.comes_to_use(8 * kMiB));
  CHECK(writer.wait_for(0s) == std::future_status::timeout);
  CHECK(outcome([&] {
          for (const uint64_t number : numbers) CHECK(arriving.take(number, 2 * kMiB));
        }) == ExitCode::ok);
  CHECK(outcome([&] { writer.get(); }) == ExitCode::ok);
}

TEST_CASE("who writes does not wait for a reader that waits for what comes later") {
  Arriving arriving;
  std::vector<uint64_t> numbers;
  for (size_t i = 0; i < 10; ++i) numbers.push_back(arriving.contents.expect());
  arriving.contents.no_more();
  auto reader = std::async(std::launch::async, [&] { return arriving.take(numbers.back(), 2 * kMiB); });
  for (const uint64_t number : numbers) arriving.arrive(number, 2 * kMiB);
  CHECK(reader.get());
  CHECK(arriving.used() <= 10 * kMiB);  // The last one is what it waits for.
  for (size_t i = 0; i < 9; ++i) CHECK(arriving.take(numbers[i], 2 * kMiB));
}

TEST_CASE("what a reader waits for may have what is left to others") {
  Arriving arriving;
  std::filesystem::remove(arriving.folder);
  const uint64_t first = arriving.arrive(6 * kMiB), awaited = arriving.contents.expect();
  arriving.contents.no_more();
  auto reader = std::async(std::launch::async, [&] { return arriving.take(awaited, 7 * kMiB); });
  CHECK(reader.wait_for(100ms) == std::future_status::timeout);
  arriving.arrive(awaited, 7 * kMiB);
  CHECK(reader.get());
  CHECK(arriving.take(first, 6 * kMiB));
}

TEST_CASE("what is not all offered is waited for while it is offered fast") {
  Arriving arriving;
  for (size_t i = 0; i < 4; ++i) arriving.arrive(2 * kMiB);
  for (uint64_t number = 0; number < 4; ++number) CHECK(arriving.take(number, 2 * kMiB));
  const uint64_t late = arriving.contents.expect();
  auto writer = std::async(std::launch::async, [&] { arriving.arrive(late, 2 * kMiB); });
  // Enough for a tick each time, so that a machine that stops for half a second does not look like a slow offer.
  for (const auto end = Clock::now() + 1s; Clock::now() < end;) {
    arriving.contents.offered(50'000'000);
    CHECK(writer.wait_for(10ms) == std::future_status::timeout);
  }
  arriving.contents.no_more();
  writer.get();
  CHECK(arriving.used() == 2 * kMiB);
  CHECK(arriving.take(late, 2 * kMiB));
}

TEST_CASE("what is offered slowly is not waited for twice") {
  Arriving arriving;
  const auto begin = Clock::now();
  for (size_t i = 0; i < 20; ++i) arriving.arrive(2 * kMiB);
  const auto passed = Clock::now() - begin;
  CHECK(passed > 400ms);
  CHECK(passed < 5s);
  for (uint64_t number = 0; number < 20; ++number) CHECK(arriving.take(number, 2 * kMiB));
}

TEST_CASE("what will be read again stays, and is never waited for") {
  Arriving arriving(ArrivedContents::Reading::again);
  arriving.contents.no_more();
  std::vector<uint64_t> numbers;
  for (size_t i = 0; i < 10; ++i) numbers.push_back(arriving.contents.expect());
  for (const uint64_t number : numbers) arriving.arrive(number, 2 * kMiB);
  for (int time = 0; time < 2; ++time) {
    for (const uint64_t number : numbers) CHECK(arriving.take(number, 2 * kMiB));
  }
}

TEST_CASE("a content that is larger than all memory is at once on the disk") {
  Arriving arriving;
  arriving.contents.no_more();
  const uint64_t number = arriving.arrive(9 * kMiB);
  CHECK(arriving.used() == 0);
  CHECK(arriving.take(number, 9 * kMiB));
}

TEST_CASE("a content of any size passes through the memory while it comes") {
  Arriving arriving;
  std::filesystem::remove(arriving.folder);
  const uint64_t number = arriving.contents.expect(), next = arriving.contents.expect();
  constexpr size_t kSize = 100 * kMiB + 77;
  arriving.contents.no_more();
  auto writer = std::async(std::launch::async, [&] {
    arriving.come(number, kSize);
    arriving.come(next, kSize);
  });
  CHECK(arriving.comes_to_use(8 * kMiB));
  CHECK(writer.wait_for(0s) == std::future_status::timeout);
  CHECK(!arriving.contents.has_all());
  CHECK(arriving.take(number, kSize));
  CHECK(arriving.take(next, kSize));
  CHECK(outcome([&] { writer.get(); }) == ExitCode::ok);
  CHECK(arriving.contents.has_all());
  CHECK(arriving.used() <= kMiB);
}

TEST_CASE("a content that nothing repeats passes through the memory while others may be offered") {
  Arriving arriving;
  std::filesystem::remove(arriving.folder);
  constexpr size_t kSize = 100 * kMiB + 77;
  const uint64_t number = arriving.contents.expect_once(), next = arriving.contents.expect_once();
  auto writer = std::async(std::launch::async, [&] {
    arriving.come(number, kSize);
    arriving.come(next, kSize);
  });
  CHECK(arriving.comes_to_use(8 * kMiB));
  // Longer than what may be repeated would be waited for.
  CHECK(writer.wait_for(700ms) == std::future_status::timeout);
  CHECK(arriving.take(number, kSize));
  CHECK(arriving.take(next, kSize));
  CHECK(outcome([&] { writer.get(); }) == ExitCode::ok);
  CHECK(arriving.used() <= kMiB);
}

TEST_CASE("what has come of a content can be read, and what has not is waited for") {
  Arriving arriving;
  const uint64_t number = arriving.contents.expect();
  Sink& sink = arriving.contents.begin(number, 3 * kMiB, ArrivedContents::HandOn::as_it_comes);
  sink.write(Bytes(kMiB, 1));
  const ArrivedContents::Place place = arriving.contents.take(number);
  Bytes begin(kMiB), over_the_edge(1000);
  place.bytes->read_at(place.offset, begin);
  CHECK(begin == Bytes(kMiB, 1));
  auto reader = std::async(std::launch::async, [&] { place.bytes->read_at(place.offset + kMiB - 500, over_the_edge); });
  CHECK(reader.wait_for(100ms) == std::future_status::timeout);
  sink.write(Bytes(kMiB, 2));
  reader.get();
  CHECK(over_the_edge[499] == 1);
  CHECK(over_the_edge[500] == 2);
  auto disappointed = std::async(std::launch::async, [&] {
    return outcome([&] { place.bytes->read_at(place.offset + 3 * kMiB - 1, over_the_edge = Bytes(1)); });
  });
  CHECK(disappointed.wait_for(100ms) == std::future_status::timeout);
  arriving.contents.close(Error(ExitCode::connection, "gone"));
  CHECK(disappointed.get() == ExitCode::connection);
}

TEST_CASE("what is needed twice stays when it was read once while it came") {
  Arriving arriving;
  const uint64_t number = arriving.contents.expect();
  arriving.contents.expect_again(number);
  arriving.contents.no_more();
  arriving.come(number, 5 * kMiB);
  CHECK(arriving.take(number, 5 * kMiB));
  CHECK(arriving.used() == 5 * kMiB);
  CHECK(arriving.take(number, 5 * kMiB));
}

TEST_CASE("what comes goes to the disk if the reader waits for what is behind it") {
  Arriving arriving;
  const uint64_t number = arriving.contents.expect(), behind = arriving.contents.expect();
  arriving.contents.no_more();
  auto reader = std::async(std::launch::async, [&] { return arriving.take(behind, 2 * kMiB); });
  arriving.come(number, 30 * kMiB);
  arriving.come(behind, 2 * kMiB);
  CHECK(reader.get());
  CHECK(arriving.used() <= 10 * kMiB);
  CHECK(arriving.take(number, 30 * kMiB));
}

TEST_CASE("an error wakes the reader and the writer") {
  Arriving arriving;
  for (size_t i = 0; i < 4; ++i) arriving.arrive(2 * kMiB);
  const uint64_t never = arriving.contents.expect(), late = arriving.contents.expect();
  arriving.contents.no_more();
  auto writer = std::async(std::launch::async, [&] { arriving.arrive(late, 2 * kMiB); });
  CHECK(writer.wait_for(100ms) == std::future_status::timeout);
  arriving.contents.close(Error(ExitCode::connection, "gone"));
  writer.get();
  CHECK(outcome([&] { (void)arriving.contents.take(never); }) == ExitCode::connection);
}
