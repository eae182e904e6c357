// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/passing_bytes.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>

using namespace docker_sync;
using namespace std::chrono_literals;

namespace {

Bytes pattern(size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 7 + i / 251);
  return bytes;
}

void write_in_pieces(Sink& sink, ByteView bytes) {
  for (; bytes.size() > 100'000; bytes = bytes.subspan(100'000)) sink.write(bytes.first(100'000));
  sink.write(bytes);
}

const std::function<void()> kNobodyLooks = [] {};

}  // namespace

TEST_CASE("any number of bytes passes, and no more than a few MiB are ahead") {
  const Bytes content = pattern(50'000'077);
  PassingBytes passing(content.size(), kNobodyLooks);
  CHECK(passing.size() == content.size());
  std::atomic<size_t> written = 0;
  auto writer = std::async(std::launch::async, [&] {
    for (ByteView left = content; !left.empty();) {
      const size_t count = std::min<size_t>(left.size(), 100'000);
      passing.write(left.first(count));
      written += count;
      left = left.subspan(count);
    }
    passing.end();
  });
  Bytes first(4), again(4);
  passing.read_at(0, first);
  while (written < PassingBytes::kMost - 100'000) std::this_thread::yield();
  CHECK(writer.wait_for(100ms) == std::future_status::timeout);
  CHECK(written <= PassingBytes::kMost);
  passing.read_at(0, again);
  CHECK(first == again);
  Bytes read(content.size());
  // Of any sizes, more than is held too.
  for (size_t at = 0, count = 1; at < read.size(); at += count, count = count * 5 / 2 + 1) {
    count = std::min(count, read.size() - at);
    passing.read_at(at, MutableBytes(read).subspan(at, count));
  }
  writer.get();
  CHECK(read == content);
}

TEST_CASE("the last of passing bytes waits until they are known to be right") {
  const Bytes content = pattern(1000);
  PassingBytes passing(content.size(), kNobodyLooks);
  write_in_pieces(passing, content);
  Bytes read(1000);
  passing.read_at(0, MutableBytes(read).first(999));
  auto last = std::async(std::launch::async, [&] { passing.read_at(999, MutableBytes(read).last(1)); });
  CHECK(last.wait_for(50ms) == std::future_status::timeout);
  passing.end();
  last.get();
  CHECK(read == content);
}

TEST_CASE("who reads passing bytes is woken by an error, and who writes by what it looks at") {
  PassingBytes passing(100'000'000, [] { throw Error(ExitCode::connection, "nobody reads any more"); });
  CHECK_THROWS_WITH_AS(write_in_pieces(passing, pattern(50'000'000)), "nobody reads any more", const Error&);
  Bytes byte(1);
  passing.read_at(5'000'000, byte);
  CHECK_THROWS_WITH_AS(passing.read_at(1'000'000, byte), "bytes that have passed were read again", const Error&);
  auto reader = std::async(std::launch::async, [&] { passing.read_at(99'000'000, byte); });
  passing.close(Error(ExitCode::image, "it is not what it was said to be"));
  CHECK_THROWS_WITH_AS(reader.get(), "it is not what it was said to be", const Error&);
}
