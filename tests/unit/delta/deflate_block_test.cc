// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/deflate_block.h"

#include <doctest/doctest.h>

#include "delta/archives.h"
#include "delta/inflater.h"

using namespace docker_sync;

namespace {

struct Block {
  std::vector<DeflateToken> tokens;
  std::optional<Bytes> bytes;
};

Bytes literals_of(std::string_view text) { return {text.begin(), text.end()}; }

std::vector<DeflateToken> as_literals(const Bytes& bytes) {
  std::vector<DeflateToken> tokens;
  for (const uint8_t byte : bytes) tokens.push_back({0, byte});
  return tokens;
}

Bytes written(const std::vector<Block>& blocks) {
  MemorySink sink;
  DeflateBlockWriter writer;
  writer.start(sink);
  for (const Block& block : blocks) {
    const bool last = &block == &blocks.back();
    writer.write(block.tokens, block.bytes ? std::optional<ByteView>(*block.bytes) : std::nullopt, last);
  }
  return sink.bytes();
}

Bytes inflated(const Bytes& stream) {
  MemorySink sink;
  const InflateResult result = Inflater().inflate(MemoryFile(stream), 0, 1 << 20, sink);
  CHECK(result.end == InflateResult::End::whole);
  CHECK(result.deflated_size == stream.size());
  return sink.bytes();
}

}  // namespace

TEST_CASE("every distance has the code of RFC 1951") {
  // The first distance of each code, 3.2.5.
  constexpr unsigned first[] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
  for (unsigned code = 0; code < 30; ++code) {
    CHECK(distance_code(first[code]) == code);
    if (code > 0) CHECK(distance_code(first[code] - 1) == code - 1);
    const unsigned next = code < 29 ? first[code + 1] : 32769;
    CHECK((1u << distance_extra_bits(code)) == next - first[code]);
  }
}

TEST_CASE("an empty block is the shortest there is") { CHECK(written({{{}, Bytes{}}}) == Bytes{3, 0}); }

TEST_CASE("few symbols are sent in the fixed code") {
  CHECK(written({{as_literals(literals_of("abc")), std::nullopt}}) == Bytes{0x4b, 0x4c, 0x4a, 0x06, 0x00});
}

TEST_CASE("noise is stored, if it is still known") {
  const Bytes noise = archives::noise(300);
  const Bytes stored = written({{as_literals(noise), noise}});
  CHECK(Bytes(stored.begin(), stored.begin() + 5) ==
        Bytes{1, 300 & 0xff, 300 >> 8, 0xff - (300 & 0xff), 0xff - (300 >> 8)});
  CHECK(stored.size() == 305);
  CHECK(inflated(stored) == noise);
  CHECK(inflated(written({{as_literals(noise), std::nullopt}})) == noise);
}

TEST_CASE("matches of every length and of many distances inflate to what they stand for") {
  const Bytes start = archives::noise(32768);
  Block block{as_literals(start), std::nullopt};
  block.tokens.pop_back();  // A block has no more.
  Bytes expected(start.begin(), start.end() - 1);
  Block matches;
  for (unsigned value = 0; value < 256; ++value) {
    const unsigned distance = value < 200 ? value + 1 : (value - 199) * 580;
    matches.tokens.push_back({static_cast<uint16_t>(distance), static_cast<uint8_t>(value)});
    for (unsigned i = 0; i < value + 3; ++i) expected.push_back(expected[expected.size() - distance]);
  }
  CHECK(inflated(written({block, matches, {as_literals(literals_of("end")), std::nullopt}})) == [&] {
    archives::append(expected, as_bytes("end"));
    return expected;
  }());
}
