// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/byte_queue.h"

#include <doctest/doctest.h>

#include <string>

using namespace docker_sync;

namespace {

std::string pop(ByteQueue& queue, size_t count) {
  Bytes out(count);
  out.resize(queue.pop(out));
  return std::string(as_text(out));
}

}  // namespace

TEST_CASE("bytes leave in the order in which they came, around the end of the ring too") {
  ByteQueue queue(8);
  queue.push(as_bytes("abcdef"));
  CHECK(pop(queue, 4) == "abcd");
  queue.push(as_bytes("ghijkl"));
  CHECK(queue.room() == 0);
  CHECK(pop(queue, 100) == "efghijkl");
  CHECK(queue.empty());
  CHECK(pop(queue, 1).empty());
}

TEST_CASE("room and size always make up the capacity") {
  ByteQueue queue(5);
  for (int i = 0; i < 20; ++i) {
    queue.push(as_bytes("xyz"));
    CHECK(queue.size() == 3);
    CHECK(queue.room() == 2);
    CHECK(pop(queue, 2) == "xy");
    CHECK(pop(queue, 2) == "z");
  }
  queue.push(as_bytes("abcde"));
  queue.clear();
  CHECK(queue.room() == 5);
}
