// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/growing_memory.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

using namespace docker_sync;

namespace {

uint8_t byte_at(size_t offset) { return static_cast<uint8_t>(offset * 31 + offset / 251); }

Bytes pattern(size_t begin, size_t count) {
  Bytes bytes(count);
  for (size_t i = 0; i < count; ++i) bytes[i] = byte_at(begin + i);
  return bytes;
}

}  // namespace

TEST_CASE("what was appended in pieces of any size is read anywhere") {
  GrowingMemory memory;
  for (size_t step = 1; memory.size() < 5'000'000; step = step * 7 % 600'000 + 1) {
    memory.append(pattern(memory.size(), step));
  }
  Bytes out(10'000);
  // About the ends of blocks: of 4 KiB, of all that double, of 1 MiB.
  for (const size_t end : {size_t{4096}, size_t{12288}, size_t{1044480}, size_t{1044480 + 1048576}, memory.size()}) {
    for (const size_t before : {size_t{10'000}, size_t{4097}, size_t{1}}) {
      const size_t begin = end - std::min(end, before), count = std::min(out.size(), memory.size() - begin);
      memory.read_at(begin, MutableBytes(out).first(count));
      CHECK(Bytes(out.begin(), out.begin() + static_cast<ptrdiff_t>(count)) == pattern(begin, count));
    }
  }
  memory.read_at(memory.size(), {});
}

TEST_CASE("cleared, it starts from nothing") {
  GrowingMemory memory;
  memory.append(pattern(0, 3'000'000));
  memory.clear();
  CHECK(memory.size() == 0);
  memory.append(pattern(0, 10));
  Bytes out(10);
  memory.read_at(0, out);
  CHECK(out == pattern(0, 10));
}

TEST_CASE("what another thread was told of it reads while more is appended") {
  GrowingMemory memory;
  std::atomic<size_t> told = 0;
  constexpr size_t kAll = 8 << 20, kPiece = 1000;
  std::thread writer([&] {
    while (memory.size() < kAll) {
      memory.append(pattern(memory.size(), kPiece));
      told = memory.size();
    }
  });
  bool right = true;
  for (size_t read = 0; read < kAll;) {
    const size_t there = told;
    Bytes out(std::min(there - read, kPiece));
    memory.read_at(read, out);
    right = right && out == pattern(read, out.size());
    read += out.size();
  }
  writer.join();
  CHECK(right);
}
