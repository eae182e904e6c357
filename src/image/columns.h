// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The columns of a block: values of one kind side by side, where zstd finds far more in them than in rows. Written to
// the end, read from the front. The reader is for a peer's bytes: it throws ExitCode::protocol where a column ends too
// early, and never allocates.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace docker_sync {

class ColumnWriter {
 public:
  void byte(uint8_t value) { bytes_.push_back(value); }
  /// LEB128: 7 bits a byte, low ones first, 1 to 10 bytes.
  void number(uint64_t value);
  /// Zigzag: small values of either sign are small numbers.
  void difference(uint64_t value, uint64_t predicted);
  /// With a NUL at its end. REQUIRES: none inside.
  void text(std::string_view text);
  void raw(ByteView bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

  [[nodiscard]] ByteView bytes() const { return bytes_; }
  [[nodiscard]] Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

class ColumnReader {
 public:
  ColumnReader() = default;
  explicit ColumnReader(ByteView bytes) : rest_(bytes) {}

  [[nodiscard]] uint8_t byte() { return raw(1).front(); }
  [[nodiscard]] uint64_t number();
  [[nodiscard]] uint64_t difference(uint64_t predicted);
  /// Views the column. At most `limit` characters.
  [[nodiscard]] std::string_view text(size_t limit);
  /// Views the column.
  [[nodiscard]] ByteView raw(uint64_t size);

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] size_t left() const { return rest_.size(); }

 private:
  ByteView rest_;
};

}  // namespace docker_sync
