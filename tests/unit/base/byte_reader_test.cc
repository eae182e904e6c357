// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/byte_reader.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "base/leb128.h"

using namespace docker_sync;

namespace {

/// Gives three bytes at a time.
class Drips : public Source {
 public:
  explicit Drips(ByteView bytes) : below_(bytes) {}
  [[nodiscard]] size_t read(MutableBytes out) override {
    return below_.read(out.first(std::min<size_t>(3, out.size())));
  }

 private:
  MemorySource below_;
};

Bytes leb128_of(uint64_t value) {
  Bytes bytes;
  put_leb128(value, [&](uint8_t byte) { bytes.push_back(byte); });
  return bytes;
}

}  // namespace

TEST_CASE("bytes, integers and runs come in their order however they arrive") {
  Bytes bytes{7};
  for (const uint8_t byte : leb128_of(300)) bytes.push_back(byte);
  for (uint8_t i = 0; i < 10; ++i) bytes.push_back(i);
  Drips source(bytes);
  ByteReader reader(source, "a test");
  CHECK(reader.byte() == 7);
  CHECK(reader.integer() == 300);
  Bytes four(4);
  reader.read(four);
  CHECK(four == Bytes{0, 1, 2, 3});
  CHECK(reader.position() == 7);
  MemorySink rest;
  CHECK_FALSE(reader.at_end());
  reader.copy_to(rest, 6);
  CHECK(rest.bytes() == Bytes{4, 5, 6, 7, 8, 9});
  CHECK(reader.at_end());
  CHECK(reader.position() == bytes.size());
  CHECK_THROWS_WITH_AS((void)reader.byte(), doctest::Contains("a test ended too early"), Error);
}

TEST_CASE("integers of all sizes come back, and none of more than 64 bits") {
  for (uint64_t value = 1; value != 0; value <<= 1) {
    for (const uint64_t one : {value - 1, value, value + 1, ~value}) {
      const Bytes bytes = leb128_of(one);
      CHECK(bytes.size() <= 10);
      MemorySource source(bytes);
      ByteReader reader(source, "a test");
      CHECK(reader.integer() == one);
      CHECK(reader.at_end());
      CHECK(unzigzag(zigzag(one)) == one);
    }
  }
  CHECK(leb128_of(127) == Bytes{127});
  CHECK(leb128_of(128) == Bytes{0x80, 1});
  for (const Bytes& damaged : {Bytes(10, 0xff), Bytes(9, 0xff), Bytes{}, Bytes(11, 0x80)}) {
    MemorySource source(damaged);
    ByteReader reader(source, "a test");
    CHECK_THROWS_AS((void)reader.integer(), Error);
  }
  CHECK(zigzag(0) == 0);
  CHECK(zigzag(uint64_t(0) - 1) == 1);
  CHECK(zigzag(1) == 2);
}
