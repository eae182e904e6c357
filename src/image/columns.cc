// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/columns.h"

#include <algorithm>
#include <cassert>

#include "base/error.h"

namespace docker_sync {

namespace {

constexpr unsigned kDigitBits = 7;
constexpr uint8_t kMore = 0x80;

[[noreturn]] void refuse() { throw_protocol("a skeleton column is damaged"); }

}  // namespace

void ColumnWriter::number(uint64_t value) {
  for (; value >= kMore; value >>= kDigitBits) byte(static_cast<uint8_t>(value | kMore));
  byte(static_cast<uint8_t>(value));
}

void ColumnWriter::difference(uint64_t value, uint64_t predicted) {
  const uint64_t step = value - predicted;  // modulo 2^64, and so back again
  number(step << 1 ^ (step >> 63 != 0 ? ~uint64_t{0} : 0));
}

void ColumnWriter::text(std::string_view text) {
  assert(text.find('\0') == std::string_view::npos);
  raw(as_bytes(text));
  byte(0);
}

uint64_t ColumnReader::number() {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += kDigitBits) {
    const uint8_t digit = byte();
    const uint64_t bits = digit & (kMore - 1);
    if (bits << shift >> shift != bits) refuse();
    value |= bits << shift;
    if (digit < kMore) return value;
  }
  refuse();
}

uint64_t ColumnReader::difference(uint64_t predicted) {
  const uint64_t zigzag = number();
  return predicted + (zigzag >> 1 ^ ((zigzag & 1) != 0 ? ~uint64_t{0} : 0));
}

std::string_view ColumnReader::text(size_t limit) {
  const ByteView reach = rest_.first(std::min(rest_.size(), limit + 1));
  const auto end = std::find(reach.begin(), reach.end(), uint8_t{0});
  if (end == reach.end()) refuse();
  const std::string_view text = as_text(rest_.first(static_cast<size_t>(end - reach.begin())));
  rest_ = rest_.subspan(text.size() + 1);
  return text;
}

ByteView ColumnReader::raw(uint64_t size) {
  if (size > rest_.size()) refuse();
  const ByteView bytes = rest_.first(static_cast<size_t>(size));
  rest_ = rest_.subspan(bytes.size());
  return bytes;
}

}  // namespace docker_sync
