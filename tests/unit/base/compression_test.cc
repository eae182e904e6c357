// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/compression.h"

#include <doctest/doctest.h>
#include <zstd.h>

#include <random>
#include <string>

#include "base/error.h"

using namespace docker_sync;

namespace {

Bytes prose(size_t size) {
  std::mt19937 random(1);
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = "the quick brown fox "[random() % 20];
  return bytes;
}

Bytes squeezed(const Bytes& bytes, int level) {
  MemorySink below;
  ZstdSink sink(below, level);
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

TEST_CASE("an empty stream is a stream") {
  CHECK(unsqueezed(squeezed({}, 3), 10).empty());
}

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
