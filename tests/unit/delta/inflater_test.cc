// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/inflater.h"

#include <doctest/doctest.h>

#include "delta/archives.h"

using namespace docker_sync;
using namespace docker_sync::archives;
using End = InflateResult::End;

TEST_CASE("a stream is inflated to its end, whatever stands around it") {
  Inflater inflater;
  for (const int lines : {0, 1, 100, 20'000}) {
    const Bytes bytes = text(lines), stream = deflated(bytes, DeflateMethod::zlib(6));
    Bytes content(7, 'x');
    append(content, stream);
    append(content, noise(50'000));
    MemorySink sink;
    const InflateResult result = inflater.inflate(MemoryFile(content), 7, bytes.size(), sink);
    CHECK(result.end == End::whole);
    CHECK(result.deflated_size == stream.size());
    CHECK(result.inflated_size == bytes.size());
    CHECK(sink.bytes() == bytes);
  }
}

TEST_CASE("a stream cut short anywhere is damaged") {
  Inflater inflater;
  const Bytes stream = deflated(text(50), DeflateMethod::zlib(6));
  for (size_t size = 1; size < stream.size(); ++size) {
    MemorySink sink;
    const Bytes cut(stream.begin(), stream.begin() + static_cast<ptrdiff_t>(size));
    CHECK(inflater.inflate(MemoryFile(cut), 0, 1 << 20, sink).end == End::damaged);
  }
}

TEST_CASE("noise does not inflate, and the next stream is not harmed by it") {
  Inflater inflater;
  MemorySink sink;
  CHECK(inflater.inflate(MemoryFile(Bytes(1000, 0xff)), 0, 1 << 20, sink).end == End::damaged);
  const Bytes stream = deflated(text(50), DeflateMethod::zlib(6));
  CHECK(inflater.inflate(MemoryFile(stream), 0, 1 << 20, sink).end == End::whole);
  CHECK(sink.bytes() == text(50));
}

TEST_CASE("a bomb stops before its limit") {
  Inflater inflater;
  const Bytes bomb = deflated(Bytes(10 << 20), DeflateMethod::zlib(9));
  for (const uint64_t limit : {0, 1, 1 << 20, (10 << 20) - 1}) {
    MemorySink sink;
    CHECK(inflater.inflate(MemoryFile(bomb), 0, limit, sink).end == End::too_large);
    CHECK(sink.bytes().size() <= limit);
  }
}
