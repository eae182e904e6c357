// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/compression.h"

#include <doctest/doctest.h>
#include <zstd.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"

using namespace docker_sync;

namespace {

Bytes prose(size_t size) {
  std::mt19937 random(1);
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = "the quick brown fox "[random() % 20];
  return bytes;
}

Bytes squeezed(const Bytes& bytes, int level, int table_log = 0) {
  MemorySink below;
  ZstdSink sink(below, level, table_log);
  sink.write(bytes);
  sink.finish();
  return below.bytes();
}

/// Reads at most `step` bytes at a time from a source that itself gives `step` at a time.
Bytes unsqueezed(const Bytes& block, size_t step) {
  struct Stepping : Source {
    Stepping(ByteView bytes, size_t most) : below(bytes), step(most) {}
    [[nodiscard]] size_t read(MutableBytes out) override { return below.read(out.first(std::min(out.size(), step))); }
    MemorySource below;
    size_t step;
  } below(block, step);
  ZstdSource source(below);
  Bytes bytes, buffer(step);
  while (const size_t count = source.read(buffer)) {
    bytes.insert(bytes.end(), buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(count));
  }
  CHECK(source.read(buffer) == 0);
  return bytes;
}

/// Text that packs to next to nothing, so that each byte of its stream can be tried.
Bytes repeated(size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>("over and over again\n"[i % 20]);
  return bytes;
}

/// `part` once per level.
Bytes squeezed_at(const Bytes& part, const std::vector<int>& levels) {
  MemorySink below;
  ZstdSink sink(below, levels.front());
  for (const int level : levels) {
    sink.set_level(level);
    CHECK(sink.level() == level);
    sink.write(part);
  }
  sink.finish();
  return below.bytes();
}

Bytes times(const Bytes& part, size_t count) {
  Bytes bytes;
  for (size_t i = 0; i < count; ++i) bytes.insert(bytes.end(), part.begin(), part.end());
  return bytes;
}

bool is_protocol_error(auto work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code() == ExitCode::protocol;
  }
  return false;
}

}  // namespace

TEST_CASE("a stream comes back at every level, however it is cut") {
  const Bytes bytes = prose(400'000);
  for (const int level : {1, 3, 9, 19}) {
    const Bytes block = squeezed(bytes, level);
    CHECK(block.size() < bytes.size());
    for (const size_t step : {1u, 3u, 1000u, 1u << 20}) CHECK(unsqueezed(block, step) == bytes);
  }
}

TEST_CASE("small tables forget what lies far back, and nothing else") {
  Bytes bytes(100'000);
  std::mt19937 random(1);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  bytes.insert(bytes.end(), bytes.begin(), bytes.begin() + 50'000);
  const Bytes small = squeezed(bytes, 12, 10), large = squeezed(bytes, 12, 20);
  CHECK(large.size() < 110'000);
  CHECK(small.size() > large.size());
  for (const Bytes& block : {small, large}) CHECK(unsqueezed(block, 1 << 20) == bytes);
}

TEST_CASE("an empty stream is a stream") { CHECK(unsqueezed(squeezed({}, 3), 10).empty()); }

TEST_CASE("what was flushed can be read before anything follows") {
  MemorySink wire;
  ZstdSink sink(wire, 3);
  struct Growing : Source {
    explicit Growing(MemorySink& sink_below) : below(&sink_below) {}
    [[nodiscard]] size_t read(MutableBytes out) override {
      const size_t count = std::min(out.size(), below->bytes().size() - at);
      REQUIRE(count > 0);  // Asked for more than was flushed: over a wire, this would wait for ever.
      std::copy_n(below->bytes().begin() + static_cast<ptrdiff_t>(at), count, out.begin());
      at += count;
      return count;
    }
    MemorySink* below;
    size_t at = 0;
  } wire_end(wire);
  ZstdSource source(wire_end);
  for (int round = 0; round < 50; ++round) {
    const std::string text(static_cast<size_t>(round * 997 + 1), static_cast<char>('a' + round % 26));
    sink.write(as_bytes(text));
    sink.flush();
    Bytes out(text.size());
    CHECK(read_full(source, out) == text.size());
    CHECK(as_text(out) == text);
  }
}

TEST_CASE("a stream whose level changes comes back, however it is cut") {
  const Bytes part = prose(kZstdFrameBytes + 1000);
  const Bytes stream = squeezed_at(part, {9, 19, 3, 1, 12, 9});
  for (const size_t step : {1u, 1000u, 1u << 20}) CHECK(unsqueezed(stream, step) == times(part, 6));
}

TEST_CASE("a new level remembers what came before it") {
  std::mt19937 random(7);
  Bytes noise(kZstdPrefixBytes);
  for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random());
  for (const int level : {6, 9, 19}) {  // level 1 has not the window for it
    const Bytes stream = squeezed_at(noise, {3, level, 3});
    CHECK(stream.size() < noise.size() + noise.size() / 50);
    CHECK(unsqueezed(stream, 1 << 20) == times(noise, 3));
  }
}

TEST_CASE("what was written before a change of level can be read before anything follows") {
  MemorySink wire;
  ZstdSink sink(wire, 3);
  const Bytes part = prose(kZstdFrameBytes);
  sink.write(part);
  sink.set_level(9);
  MemorySource below(wire.bytes());
  ZstdSource source(below);
  Bytes out(part.size());
  CHECK(read_full(source, out) == part.size());
  CHECK(out == part);
}

TEST_CASE("a level that was hardly used is not changed") {
  MemorySink changed, plain;
  ZstdSink sink(changed, 3), other(plain, 3);
  const Bytes part = prose(kZstdFrameBytes - 1);
  sink.write(part);
  sink.set_level(9);
  CHECK(sink.level() == 3);
  sink.finish();
  other.write(part);
  other.finish();
  CHECK(changed.bytes() == plain.bytes());
}

TEST_CASE("a stream of several frames, cut, is whole frames or a protocol error") {
  const Bytes part = repeated(kZstdFrameBytes);
  const Bytes stream = squeezed_at(part, {3, 9, 3});
  size_t whole = 0;
  for (size_t size = 0; size < stream.size(); ++size) {
    const Bytes cut(stream.begin(), stream.begin() + static_cast<ptrdiff_t>(size));
    try {
      const Bytes bytes = unsqueezed(cut, 1 << 20);
      REQUIRE(bytes.size() % part.size() == 0);
      ++whole;
    } catch (const Error& error) {
      REQUIRE(error.code() == ExitCode::protocol);
    }
  }
  CHECK(whole == 2);
}

TEST_CASE("damage to a stream of several frames is a protocol error or other bytes") {
  const Bytes stream = squeezed_at(repeated(kZstdFrameBytes), {3, 9, 3});
  for (size_t i = 0; i < stream.size(); ++i) {
    Bytes damaged = stream;
    damaged[i] ^= 0x55;
    try {
      const Bytes other = zstd_decompress(damaged, 4 << 20);
      CHECK(other.size() <= 4 << 20);
    } catch (const Error& error) {
      REQUIRE(error.code() == ExitCode::protocol);
    }
  }
}

TEST_CASE("a frame that follows a short one is refused") {
  const auto two = [](size_t first) {
    Bytes stream = squeezed(repeated(first), 3);
    const Bytes second = squeezed(repeated(10), 3);
    stream.insert(stream.end(), second.begin(), second.end());
    return stream;
  };
  CHECK(unsqueezed(two(kZstdFrameBytes), 1000).size() == kZstdFrameBytes + 10);
  CHECK(is_protocol_error([&] { return unsqueezed(two(kZstdFrameBytes - 1), 1000); }));
  CHECK(is_protocol_error([&] { return unsqueezed(two(0), 1000); }));
}

TEST_CASE("the last bytes are remembered in order") {
  const Bytes bytes = prose(3 * kZstdPrefixBytes);
  for (const size_t step : {size_t{999}, kZstdPrefixBytes, kZstdPrefixBytes + 1, bytes.size()}) {
    RecentBytes recent;
    CHECK(recent.copy().empty());
    for (size_t at = 0; at < bytes.size(); at += step) {
      const size_t end = std::min(at + step, bytes.size());
      recent.add(ByteView(bytes).subspan(at, end - at));
      if (step == 999 && at % 101 != 0) continue;
      const size_t kept = std::min(end, kZstdPrefixBytes);
      const ByteView last = ByteView(bytes).subspan(end - kept, kept);
      REQUIRE(std::ranges::equal(recent.copy(), last));
    }
  }
}

TEST_CASE("a stream cut anywhere is a protocol error") {
  const Bytes block = squeezed(prose(2000), 3);
  for (size_t size = 0; size < block.size(); ++size) {
    const Bytes cut(block.begin(), block.begin() + static_cast<ptrdiff_t>(size));
    REQUIRE(is_protocol_error([&] { return unsqueezed(cut, 100); }));
  }
}

TEST_CASE("damage is a protocol error or other bytes, never anything worse") {
  const Bytes block = squeezed(prose(2000), 3);
  for (size_t i = 0; i < block.size(); ++i) {
    Bytes damaged = block;
    damaged[i] ^= 0x55;
    try {
      const Bytes other = zstd_decompress(damaged, 1 << 20);
      CHECK(other.size() <= 1 << 20);
    } catch (const Error& error) {
      REQUIRE(error.code() == ExitCode::protocol);
    }
  }
  CHECK(is_protocol_error([] { return zstd_decompress(Bytes{1, 2, 3, 4, 5, 6, 7, 8}, 100); }));
}

TEST_CASE("a window beyond 16 MiB is refused") {
  const auto with_window = [](int window_log) {
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    const Bytes bytes = prose(1000);
    Bytes block(ZSTD_compressBound(bytes.size()));
    // Streamed without a known size, the frame asks for the whole window.
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    ZSTD_outBuffer out{block.data(), block.size(), 0};
    ZSTD_compressStream2(context, &out, &in, ZSTD_e_flush);
    ZSTD_compressStream2(context, &out, &in, ZSTD_e_end);
    ZSTD_freeCCtx(context);
    block.resize(out.pos);
    return block;
  };
  CHECK(zstd_decompress(with_window(kZstdWindowLog), 1000) == prose(1000));
  CHECK(is_protocol_error([&] { return zstd_decompress(with_window(kZstdWindowLog + 1), 1000); }));
}

TEST_CASE("a block grows to its limit and no further") {
  const Bytes bytes(1 << 20);
  const Bytes block = zstd_compress(bytes, 3);
  CHECK(block.size() < 1000);
  CHECK(zstd_decompress(block, bytes.size()) == bytes);
  CHECK(is_protocol_error([&] { return zstd_decompress(block, bytes.size() - 1); }));
  CHECK(zstd_decompress(zstd_compress({}, 3), 0).empty());
}
