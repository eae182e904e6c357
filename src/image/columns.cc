// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/columns.h"

#include <algorithm>
#include <cassert>

#include "base/error.h"
#include "base/leb128.h"

namespace docker_sync {

namespace {

[[noreturn]] void refuse() { throw_protocol("a skeleton column is damaged"); }

}  // namespace

void ColumnWriter::number(uint64_t value) {
  put_leb128(value, [this](uint8_t part) { byte(part); });
}

void ColumnWriter::difference(uint64_t value, uint64_t predicted) {
  number(zigzag(value - predicted));  // modulo 2^64, and so back again
}

void ColumnWriter::text(std::string_view text) {
  assert(text.find('\0') == std::string_view::npos);
  raw(as_bytes(text));
  byte(0);
}

uint64_t ColumnReader::number() {
  return get_leb128([this] { return byte(); });
}

uint64_t ColumnReader::difference(uint64_t predicted) { return predicted + unzigzag(number()); }

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
