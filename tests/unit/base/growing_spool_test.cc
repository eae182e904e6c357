// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/growing_spool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>

#include "base/hash.h"

using namespace docker_sync;

namespace {

Bytes pattern(size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 7 + i / 251);
  return bytes;
}

ContentHash hash_of(const RandomAccess& file) {
  ContentHasher hasher;
  copy(Slice(file, 0, file.size()), hasher);
  return hasher.finish();
}

}  // namespace

TEST_CASE("who reads a growing spool waits for what has not come, and for the last byte until it ends") {
  const SpoolSpace space("/tmp");
  const Bytes content = pattern(3'000'000);
  GrowingSpool spool(space, content.size());
  CHECK(spool.size() == content.size());
  std::atomic<int> parts_read = 0;
  auto reader = std::async(std::launch::async, [&] {
    Bytes read(content.size());
    spool.read_at(0, MutableBytes(read).first(1'000'000));
    ++parts_read;
    spool.read_at(1'000'000, MutableBytes(read).subspan(1'000'000, 1'999'999));
    ++parts_read;
    spool.read_at(2'999'999, MutableBytes(read).last(1));
    ++parts_read;
    return read;
  });
  const auto wait_for = [&](int parts) {
    while (parts_read < parts) std::this_thread::yield();
  };
  spool.write(ByteView(content).first(1'500'000));
  wait_for(1);
  CHECK(parts_read == 1);
  for (size_t at = 1'500'000; at < content.size(); at += 100'000) spool.write(ByteView(content).subspan(at, 100'000));
  CHECK(reader.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
  spool.end();
  CHECK(reader.get() == content);
  CHECK(hash_of(spool) == content_hash(content));
}

TEST_CASE("a growing spool that is closed wakes who waits for it with the error") {
  const SpoolSpace space("/tmp");
  GrowingSpool spool(space, 1000);
  auto reader = std::async(std::launch::async, [&] { return hash_of(spool); });
  spool.write(pattern(1000));
  spool.close(Error(ExitCode::image, "it is not what it was said to be"));
  CHECK_THROWS_WITH_AS((void)reader.get(), "it is not what it was said to be", const Error&);
}
