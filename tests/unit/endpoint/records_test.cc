// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/records.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace docker_sync;

namespace {

Bytes all_of(Source& source) {
  MemorySink sink;
  copy(source, sink);
  return std::move(sink.bytes());
}

}  // namespace

TEST_CASE("integers, runs and digests come back in order") {
  MemorySink sink;
  const uint64_t numbers[] = {0, 1, 127, 128, 300, 1ULL << 32, ~0ULL};
  for (const uint64_t number : numbers) put_integer(sink, number);
  put_run(sink, Bytes{1, 2, 3});
  const Digest digest = Digest::of(as_bytes("x"));
  sink.write(digest.bytes);

  MemorySource source(sink.bytes());
  RecordReader reader(source);
  for (const uint64_t number : numbers) CHECK(reader.integer() == number);
  CHECK(reader.run(3) == Bytes{1, 2, 3});
  CHECK(reader.digest() == digest);
  CHECK_THROWS_AS((void)reader.byte(), const Error&);
}

TEST_CASE("a run beyond its limit is refused before it is allocated") {
  MemorySink sink;
  put_integer(sink, 1ULL << 60);
  MemorySource source(sink.bytes());
  RecordReader reader(source);
  CHECK_THROWS_AS((void)reader.run(1 << 20), const Error&);
}

TEST_CASE("an integer of more than 64 bits is refused") {
  const Bytes bytes(11, 0xff);
  MemorySource source(bytes);
  RecordReader reader(source);
  CHECK_THROWS_AS((void)reader.integer(), const Error&);
}

TEST_CASE("what is cut into runs comes back whole, and the next record after it") {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{9}, size_t{10}, size_t{11}, size_t{1000}}) {
    Bytes content(size);
    for (size_t i = 0; i < size; ++i) content[i] = static_cast<uint8_t>(i);
    MemorySink sink;
    RunSink runs(sink, 10);
    for (size_t i = 0; i < size; i += 7) runs.write(ByteView(content).subspan(i, std::min<size_t>(7, size - i)));
    runs.end();
    put_integer(sink, 42);

    MemorySource source(sink.bytes());
    RecordReader reader(source);
    RunSource back(reader, 10);
    CHECK(all_of(back) == content);
    CHECK(reader.integer() == 42);
  }
}

TEST_CASE("a half-read delta can be drained to reach the next record") {
  MemorySink sink;
  RunSink runs(sink, 10);
  runs.write(Bytes(95));
  runs.end();
  put_integer(sink, 42);
  MemorySource source(sink.bytes());
  RecordReader reader(source);
  RunSource back(reader, 10);
  uint8_t some[13];
  CHECK(back.read(some) > 0);
  back.drain();
  CHECK(reader.integer() == 42);
}

TEST_CASE("a run that claims more than the longest is refused") {
  MemorySink sink;
  put_integer(sink, 11);
  MemorySource source(sink.bytes());
  RecordReader reader(source);
  RunSource runs(reader, 10);
  uint8_t some[16];
  CHECK_THROWS_AS((void)runs.read(some), const Error&);
}

TEST_CASE("places come back, wherever they lie, and neighbours are short") {
  const std::vector<BasisFile> places{
      {0, 512, 100}, {0, 1536, 7}, {3, 0, 0}, {2, (uint64_t{1} << 48) - 1, 1 << 20}, {65535, 5, 1 << 30}, {0, 0, 1}};
  MemorySink sink;
  PlaceWriter writer;
  for (const BasisFile& place : places) writer.put(sink, place);
  MemorySource source(sink.bytes());
  RecordReader records(source);
  PlaceReader reader;
  for (const BasisFile& place : places) CHECK(reader.get(records) == place);

  MemorySink near;
  PlaceWriter().put(near, {0, 20, 100});
  CHECK(near.bytes() == Bytes{0, 100, 40});
}

TEST_CASE("fixed numbers are eight bytes, the lowest first") {
  MemorySink sink;
  put_fixed64(sink, 0x0102030405060708);
  CHECK(sink.bytes() == Bytes{8, 7, 6, 5, 4, 3, 2, 1});
  MemorySource source(sink.bytes());
  RecordReader records(source);
  CHECK(records.fixed64() == 0x0102030405060708);
  CHECK_THROWS_AS((void)records.fixed64(), const Error&);
}
