// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/work_ahead.h"

#include <doctest/doctest.h>

#include <future>
#include <set>
#include <string>

#include "base/error.h"

using namespace docker_sync;

TEST_CASE("what tasks write comes in their order, whoever did them") {
  WorkAhead work;
  MemorySink sink;
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    const std::string text = std::to_string(i) + " ";
    expected += text;
    work.push([text](Sink& to) { to.write(as_bytes(text)); }, i % 3 != 0);
    if (work.size() > 20) work.pop_into(sink);
  }
  while (work.size() > 0) work.pop_into(sink);
  CHECK(as_text(sink.bytes()) == expected);
}

TEST_CASE("a task is done while the one before it is") {
  WorkAhead work;
  MemorySink sink;
  std::promise<std::thread::id> second;
  work.push([&](Sink&) { CHECK(second.get_future().get() != std::this_thread::get_id()); }, false);
  work.push([&](Sink&) { second.set_value(std::this_thread::get_id()); }, true);
  work.pop_into(sink);
  work.pop_into(sink);
}

TEST_CASE("a task that must not run ahead runs in the owner's thread") {
  WorkAhead work;
  MemorySink sink;
  std::set<std::thread::id> threads;
  for (int i = 0; i < 50; ++i) work.push([&](Sink&) { threads.insert(std::this_thread::get_id()); }, false);
  while (work.size() > 0) work.pop_into(sink);
  CHECK(threads == std::set<std::thread::id>{std::this_thread::get_id()});
}

TEST_CASE("an error comes out at its task's turn, and what is left is dropped") {
  WorkAhead work;
  MemorySink sink;
  for (int i = 0; i < 10; ++i) {
    work.push(
        [i](Sink& to) {
          if (i == 5) throw Error(ExitCode::disk, "full");
          to.write(as_bytes("x"));
        },
        true);
  }
  CHECK_THROWS_AS(
      [&] {
        while (work.size() > 0) work.pop_into(sink);
      }(),
      Error);
  CHECK(sink.bytes().size() == 5);
}
