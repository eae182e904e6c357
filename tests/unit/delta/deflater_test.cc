// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/deflater.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "delta/archives.h"
#include "delta/inflater.h"

using namespace docker_sync;
using namespace docker_sync::archives;

namespace {

std::vector<DeflateMethod> all_methods() {
  std::vector<DeflateMethod> methods;
  for (int level = 1; level <= 9; ++level) {
    methods.push_back(DeflateMethod::zlib(level));
    methods.push_back(DeflateMethod::zlib(level, 9));
    if (level >= 4) methods.push_back(DeflateMethod::gzip(level));
  }
  return methods;
}

}  // namespace

TEST_CASE("what any method deflates inflates to the same") {
  Bytes mixed = text(2000);
  append(mixed, noise(70'000));
  append(mixed, Bytes(100'000));
  for (const DeflateMethod method : all_methods()) {
    for (const Bytes& bytes : {Bytes{}, Bytes{1}, text(1), mixed}) {
      const Bytes stream = deflated(bytes, method);
      MemorySink sink;
      const InflateResult result = Inflater().inflate(MemoryFile(stream), 0, bytes.size(), sink);
      CHECK(result.deflated_size == stream.size());
      CHECK((sink.bytes() == bytes));
    }
  }
}

TEST_CASE("how the input is cut makes no difference") {
  const Bytes bytes = text(4000);
  Deflaters deflaters;
  for (const DeflateMethod method : {DeflateMethod::zlib(6), DeflateMethod::zlib(1, 9), DeflateMethod::gzip(9)}) {
    const Bytes expected = deflated(bytes, method);
    for (const size_t piece : {1, 333, 32768, 65536}) {
      MemorySink sink;
      Deflater& deflater = deflaters.get(method);
      deflater.start(sink);
      for (size_t at = 0; at < bytes.size(); at += piece) {
        deflater.write(ByteView(bytes).subspan(at, std::min(piece, bytes.size() - at)));
      }
      deflater.finish();
      CHECK((sink.bytes() == expected));
    }
  }
}

TEST_CASE("a stream that was given up leaves nothing in the next") {
  const Bytes bytes = text(3000);
  Deflaters deflaters;
  for (const DeflateMethod method : {DeflateMethod::zlib(9), DeflateMethod::gzip(9)}) {
    Deflater& deflater = deflaters.get(method);
    MemorySink given_up, sink;
    deflater.start(given_up);
    deflater.write(noise(100'000));
    deflater.start(sink);
    deflater.write(bytes);
    deflater.finish();
    CHECK((sink.bytes() == deflated(bytes, method)));
  }
}

TEST_CASE("a method is one byte, and only known ones are accepted") {
  std::vector<bool> known(256);
  for (const DeflateMethod method : all_methods()) {
    known[method.byte()] = true;
    CHECK(DeflateMethod::from_byte(method.byte()) == method);
  }
  CHECK(DeflateMethod::zlib(6).byte() == 0x06);
  CHECK(DeflateMethod::zlib(9, 9).byte() == 0x19);
  CHECK(DeflateMethod::gzip(9).byte() == 0x29);
  for (int byte = 0; byte < 256; ++byte) {
    if (known[static_cast<size_t>(byte)]) continue;
    CHECK_THROWS_AS(static_cast<void>(DeflateMethod::from_byte(static_cast<uint8_t>(byte))), Error);
  }
}
