// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/io.h"

#include <doctest/doctest.h>

#include <numeric>

using namespace docker_sync;

namespace {

Bytes counted(size_t size) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), uint8_t{0});
  return bytes;
}

/// Gives one byte at a time, as a slow peer would.
class Trickle : public Source {
 public:
  explicit Trickle(ByteView bytes) : below_(bytes) {}
  [[nodiscard]] size_t read(MutableBytes out) override {
    return below_.read(out.first(std::min<size_t>(out.size(), 1)));
  }

 private:
  MemorySource below_;
};

}  // namespace

TEST_CASE("text and bytes are the same run, seen twice") {
  CHECK(as_text(as_bytes("docker")) == "docker");
  CHECK(as_bytes("").empty());
}

TEST_CASE("a memory source ends where its bytes end") {
  const Bytes bytes = counted(5);
  MemorySource source(bytes);
  Bytes out(3);
  CHECK(source.read(out) == 3);
  CHECK(out == Bytes{0, 1, 2});
  CHECK(source.read(out) == 2);
  CHECK(source.read(out) == 0);
  CHECK(MemorySource({}).read(out) == 0);
}

TEST_CASE("a slice sees its part and no more") {
  const Bytes bytes = counted(100);
  const MemoryFile whole(bytes);
  const Slice part(whole, 10, 20), part_of_part(part, 5, 15), nothing(whole, 100, 0);
  CHECK(part.size() == 20);
  Bytes out(15);
  part_of_part.read_at(0, out);
  CHECK(out == Bytes(bytes.begin() + 15, bytes.begin() + 30));
  nothing.read_at(0, {});
  MemorySink sink;
  copy(part, sink);
  CHECK(sink.bytes() == Bytes(bytes.begin() + 10, bytes.begin() + 30));
}

TEST_CASE("a file is read from front to back") {
  const Bytes bytes = counted(10);
  const MemoryFile file(bytes);
  SequentialReader reader(file);
  Bytes out(7);
  CHECK(reader.read(out) == 7);
  CHECK(reader.read(out) == 3);
  CHECK(out[2] == 9);
  CHECK(reader.read(out) == 0);
}

TEST_CASE("copying moves every byte and counts them") {
  const Bytes bytes = counted(300'000);
  MemorySource source(bytes);
  MemorySink sink;
  CHECK(copy(source, sink) == 300'000);
  CHECK(sink.bytes() == bytes);
  CHECK(copy(source, sink) == 0);
}

TEST_CASE("a full read goes on until the buffer is full or the source ends") {
  const Bytes bytes = counted(10);
  Trickle source(bytes);
  Bytes out(8);
  CHECK(read_full(source, out) == 8);
  CHECK(out == counted(8));
  CHECK(read_full(source, out) == 2);
  CHECK(read_full(source, out) == 0);
}

TEST_CASE("a callback sees what is written") {
  size_t total = 0;
  CallbackSink sink([&](ByteView bytes) { total += bytes.size(); });
  sink.write(counted(3));
  sink.write(counted(4));
  CHECK(total == 7);
}
