// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/hash.h"

#include <nettle/base64.h>
#include <xxhash.h>

#include <array>
#include <cstring>

#include "base/xxh3_avx2.h"

namespace docker_sync {

namespace {

ContentHash canonical(XXH128_hash_t value) {
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, value);
  ContentHash hash;
  static_assert(sizeof bytes.digest == sizeof hash.bytes);
  std::memcpy(hash.bytes.data(), bytes.digest, sizeof bytes.digest);
  return hash;
}

void update(XXH3_state_t& state, ByteView bytes) {
#ifdef __x86_64__
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  if (has_avx2) return update_xxh3_avx2(&state, bytes.data(), bytes.size());
#endif
  XXH3_128bits_update(&state, bytes.data(), bytes.size());
}

}  // namespace

Sha256::Sha256() { sha256_init(&context_); }

void Sha256::write(ByteView bytes) { sha256_update(&context_, bytes.size(), bytes.data()); }

Sha256Value Sha256::finish() {
  Sha256Value value;
  sha256_digest(&context_, value.size(), value.data());
  return value;
}

Sha256Value sha256(ByteView bytes) {
  Sha256 hash;
  hash.write(bytes);
  return hash.finish();
}

struct ContentHasher::State {
  alignas(64) XXH3_state_t xxh;
};

ContentHasher::ContentHasher() : state_(std::make_unique<State>()) { XXH3_128bits_reset(&state_->xxh); }
ContentHasher::~ContentHasher() = default;
ContentHasher::ContentHasher(ContentHasher&&) noexcept = default;
ContentHasher& ContentHasher::operator=(ContentHasher&&) noexcept = default;

void ContentHasher::write(ByteView bytes) { update(state_->xxh, bytes); }

ContentHash ContentHasher::finish() {
  const ContentHash hash = canonical(XXH3_128bits_digest(&state_->xxh));
  XXH3_128bits_reset(&state_->xxh);
  return hash;
}

ContentHash content_hash(ByteView bytes) { return canonical(XXH3_128bits(bytes.data(), bytes.size())); }

ShortHash short_hash(const ContentHash& hash) {
  ShortHash value = 0;
  for (size_t i = sizeof value; i-- > 0;) value = value << 8 | hash.bytes[i];
  return value;
}

namespace {

constexpr uint8_t kNoDigit = 0xff;
constexpr auto kBase64Digits = [] {
  std::array<uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < kAlphabet.size(); ++i) digits[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  return digits;
}();

/// As far as there are but digits; returns how many bytes they make. Nettle's takes one character after the other, which
/// was a sixth of what it took to open a layer and walk it.
size_t decode_whole_quads(std::string_view text, MutableBytes out) {
  size_t count = 0;
  for (; text.size() >= 4; text.remove_prefix(4), count += 3) {
    uint32_t bits = 0, worst = 0;
    for (size_t i = 0; i < 4; ++i) {
      const uint8_t digit = kBase64Digits[static_cast<uint8_t>(text[i])];
      worst |= digit;
      bits = bits << 6 | digit;
    }
    if (worst >= 64) break;
    for (size_t i = 0; i < 3; ++i) out[count + i] = static_cast<uint8_t>(bits >> (16 - 8 * i));
  }
  return count;
}

}  // namespace

std::string to_base64(ByteView bytes) {
  std::string text(BASE64_ENCODE_RAW_LENGTH(bytes.size()), '\0');
  base64_encode_raw(text.data(), bytes.size(), bytes.data());
  return text;
}

std::optional<Bytes> from_base64(std::string_view text) {
  Bytes bytes(BASE64_DECODE_LENGTH(text.size()));
  const size_t begin = decode_whole_quads(text, bytes);
  text.remove_prefix(begin / 3 * 4);
  base64_decode_ctx context;
  base64_decode_init(&context);
  size_t count = bytes.size() - begin;
  if (base64_decode_update(&context, &count, bytes.data() + begin, text.size(), text.data()) == 0) return std::nullopt;
  if (base64_decode_final(&context) == 0) return std::nullopt;
  bytes.resize(begin + count);
  return bytes;
}

std::string to_hex(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace docker_sync

size_t std::hash<docker_sync::ContentHash>::operator()(const docker_sync::ContentHash& key) const noexcept {
  size_t value;
  std::memcpy(&value, key.bytes.data(), sizeof value);
  return value;
}
