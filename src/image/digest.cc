// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/digest.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace docker_sync {

namespace {

constexpr std::string_view kAlgorithm = "sha256:";
constexpr size_t kBriefDigits = 12;

/// The value of a lower-case hex digit, or -1. The spec allows no upper case, so that equal digests are equal texts.
int digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

[[noreturn]] void refuse(std::string_view text) {
  constexpr size_t kQuoted = 80;
  throw_protocol("not a sha256 digest: \"" + std::string(text.substr(0, kQuoted)) + "\"");
}

}  // namespace

Digest Digest::parse(std::string_view text) {
  Digest digest;
  if (text.size() != kAlgorithm.size() + 2 * digest.bytes.size() || !text.starts_with(kAlgorithm)) refuse(text);
  const std::string_view digits = text.substr(kAlgorithm.size());
  for (size_t i = 0; i < digest.bytes.size(); ++i) {
    const int high = digit_value(digits[2 * i]), low = digit_value(digits[2 * i + 1]);
    if (high < 0 || low < 0) refuse(text);
    digest.bytes[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return digest;
}

std::string Digest::text() const { return std::string(kAlgorithm) + hex(); }

std::string Digest::hex() const { return to_hex(bytes); }

std::string Digest::brief() const { return text().substr(0, kAlgorithm.size() + kBriefDigits); }

std::vector<Digest> chain_ids(std::span<const Digest> diff_ids) {
  std::vector<Digest> chain;
  chain.reserve(diff_ids.size());
  for (const Digest& diff_id : diff_ids) {
    chain.push_back(chain.empty() ? diff_id : Digest::of(as_bytes(chain.back().text() + " " + diff_id.text())));
  }
  return chain;
}

size_t common_prefix(std::span<const Digest> a, std::span<const Digest> b) {
  const auto shorter = static_cast<std::ptrdiff_t>(std::min(a.size(), b.size()));
  return static_cast<size_t>(std::mismatch(a.begin(), a.begin() + shorter, b.begin()).first - a.begin());
}

}  // namespace docker_sync

size_t std::hash<docker_sync::Digest>::operator()(const docker_sync::Digest& key) const noexcept {
  size_t value;  // a digest is already well mixed: any part of it will do
  std::memcpy(&value, key.bytes.data(), sizeof value);
  return value;
}
