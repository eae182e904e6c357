// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/hash.h"

#include <doctest/doctest.h>

#include <string>
#include <unordered_set>

using namespace docker_sync;

TEST_CASE("sha256 gives the values of FIPS 180-2") {
  CHECK(to_hex(sha256({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_hex(sha256(as_bytes("abc"))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(to_hex(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_CASE("content hashes are XXH3-128 in canonical order") {
  CHECK(to_hex(content_hash({}).bytes) == "99aa06d3014798d86001c324468d497f");
}

TEST_CASE("a hash does not care how its bytes arrive, and starts anew when finished") {
  const std::string text(1'000'000, 'a');
  Sha256 sha;
  ContentHasher content;
  for (int round = 0; round < 2; ++round) {
    for (size_t at = 0, step = 1; at < text.size(); at += step, step = step * 3 % 1000 + 1) {
      const auto piece = as_bytes(text).subspan(at, std::min(step, text.size() - at));
      sha.write(piece);
      content.write(piece);
    }
    CHECK(to_hex(sha.finish()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    CHECK(content.finish() == content_hash(as_bytes(text)));
  }
}

TEST_CASE("pieces that need the CPU's wide instructions have the hash of the whole that does without") {
  Bytes bytes(300'000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * i >> 3);
  ContentHasher hasher;
  for (size_t size = 0; size <= bytes.size(); size = size * 2 + 7) {
    const auto whole = ByteView(bytes).first(size);
    hasher.write(whole.first(size / 3));
    hasher.write(whole.subspan(size / 3));
    CHECK(hasher.finish() == content_hash(whole));
  }
}

TEST_CASE("a content hasher may be moved while it is at work") {
  ContentHasher first;
  first.write(as_bytes("ab"));
  ContentHasher second = std::move(first);
  second.write(as_bytes("c"));
  CHECK(second.finish() == content_hash(as_bytes("abc")));
}

TEST_CASE("content hashes are keys") {
  std::unordered_set<ContentHash> keys;
  for (int i = 0; i < 1000; ++i) keys.insert(content_hash(as_bytes(std::to_string(i % 500))));
  CHECK(keys.size() == 500);
  CHECK(ContentHash{} != content_hash({}));
}

TEST_CASE("base64 has four characters for three bytes, and is padded") {
  CHECK(to_base64({}) == "");
  CHECK(to_base64(as_bytes("f")) == "Zg==");
  CHECK(to_base64(as_bytes("fo")) == "Zm8=");
  CHECK(to_base64(as_bytes("foo")) == "Zm9v");
}

TEST_CASE("base64 is read back, and nothing else is") {
  for (const char* text : {"", "f", "fo", "foo", "a longer one"}) {
    const auto bytes = from_base64(to_base64(as_bytes(text)));
    REQUIRE(bytes);
    CHECK(as_text(*bytes) == text);
  }
  CHECK_FALSE(from_base64("Zg"));
  CHECK_FALSE(from_base64("Zg==Zg=="));
  CHECK_FALSE(from_base64("Z!=="));
  CHECK_FALSE(from_base64("Zm9vZm9vZm!v"));
  CHECK_FALSE(from_base64("Zm9vZm9vZm"));
  Bytes every(256);
  for (size_t i = 0; i < every.size(); ++i) every[i] = static_cast<uint8_t>(i * 37);
  CHECK(from_base64(to_base64(every)) == every);
}

TEST_CASE("hex has two lower-case digits a byte") {
  CHECK(to_hex({}) == "");
  CHECK(to_hex(Bytes{0x00, 0x0f, 0xa5, 0xff}) == "000fa5ff");
}
