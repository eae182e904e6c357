// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "wire/codec.h"

#include <doctest/doctest.h>

using namespace docker_sync;

namespace {

struct Inner {
  uint32_t number = 0;
  std::string text;
  static void fields(auto& m, auto& f) { f(m.number, m.text); }
  bool operator==(const Inner&) const = default;
};

struct Outer {
  bool flag = false;
  uint64_t big = 0;
  std::vector<Inner> list;
  std::optional<Digest> digest;
  static void fields(auto& m, auto& f) { f(m.flag, m.big, m.list, m.digest); }
  bool operator==(const Outer&) const = default;
};

Bytes encoded(const Outer& value) {
  Encoder encoder;
  encoder.put(value);
  return encoder.bytes;
}

Outer decoded(ByteView bytes) {
  Decoder decoder(bytes);
  Outer value;
  decoder.get(value);
  decoder.finish();
  return value;
}

const Outer kSample{true, ~0ULL, {{0, ""}, {300, "abc"}}, Digest::of(as_bytes("x"))};

}  // namespace

TEST_CASE("fields come back as they were put") {
  CHECK(decoded(encoded(kSample)) == kSample);
  CHECK(decoded(encoded({})) == Outer{});
}

TEST_CASE("integers are LEB128 and strings counted") {
  const Bytes bytes = encoded({true, 300, {{1, "ab"}}, std::nullopt});
  CHECK(bytes == Bytes{1, 0xac, 0x02, 1, 1, 2, 'a', 'b', 0});
}

TEST_CASE("every truncation of a message is a protocol error") {
  const Bytes bytes = encoded(kSample);
  for (size_t length = 0; length < bytes.size(); ++length) {
    CHECK_THROWS_AS((void)decoded(ByteView(bytes).first(length)), const Error&);
  }
}

TEST_CASE("a byte too many is a protocol error") {
  Bytes bytes = encoded(kSample);
  bytes.push_back(0);
  CHECK_THROWS_AS((void)decoded(bytes), const Error&);
}

TEST_CASE("no flipped byte makes the decoder do more than refuse or decode") {
  const Bytes bytes = encoded(kSample);
  size_t refused = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes flipped = bytes;
      flipped[i] = static_cast<uint8_t>(flipped[i] ^ (1 << bit));
      try {
        const Outer value = decoded(flipped);
        CHECK(value != kSample);
      } catch (const Error& error) {
        CHECK(error.code() == ExitCode::protocol);
        ++refused;
      }
    }
  }
  CHECK(refused > 0);
}

TEST_CASE("counts are refused before anything is allocated for them") {
  // A list of 2^40 items, a string of 2^63 bytes.
  CHECK_THROWS_AS((void)decoded(Bytes{0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20}), const Error&);
  Decoder decoder(ByteView{});
  const Bytes huge{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 'a'};
  Decoder strings{ByteView(huge)};
  std::string text;
  CHECK_THROWS_AS(strings.get(text), const Error&);
}

TEST_CASE("an integer that its field cannot hold is a protocol error") {
  const Bytes bytes{0x80, 0x80, 0x80, 0x80, 0x10};  // 2^32
  Decoder narrow{ByteView(bytes)};
  uint32_t value = 0;
  CHECK_THROWS_AS(narrow.get(value), const Error&);
  const Bytes overlong{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
  Decoder wide{ByteView(overlong)};
  uint64_t big = 0;
  CHECK_THROWS_AS(wide.get(big), const Error&);
}
