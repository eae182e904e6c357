// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Blocks of a deflate stream (RFC 1951) out of literals and matches, the same ones that gzip and zlib write: which of
// the three kinds a block is, how its codes are made and how they are sent.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <span>

#include "base/io.h"

namespace docker_sync {

struct DeflateToken {
  uint16_t distance;  ///< 0: a literal
  uint8_t value;      ///< the literal, or the match's length less 3
};

/// The code of a match's distance, 0 to 29. REQUIRES: 1 <= distance <= 32768.
[[nodiscard]] constexpr unsigned distance_code(unsigned distance) {
  const unsigned value = distance - 1;
  if (value < 2) return value;
  const auto bits = static_cast<unsigned>(std::bit_width(value));
  return 2 * (bits - 1) + (value >> (bits - 2) & 1);
}

/// How many bits follow that code.
[[nodiscard]] constexpr unsigned distance_extra_bits(unsigned code) { return code < 2 ? 0 : code / 2 - 1; }

/// Memory: the block's bytes, and little beyond.
class DeflateBlockWriter {
 public:
  /// Begins a stream that goes to `to`.
  void start(Sink& to);
  /// Writes a block. `bytes` is what the tokens stand for, unless that is no longer known; such a block is never
  /// stored. REQUIRES: fewer than 2^15 + 1 tokens.
  void write(std::span<const DeflateToken> tokens, std::optional<ByteView> bytes, bool last);

 private:
  void put(uint32_t value, unsigned bits);
  void align();
  void put_tokens(std::span<const DeflateToken> tokens, const struct HuffmanCode& literals,
                  const struct HuffmanCode& distances);

  Sink* to_ = nullptr;
  Bytes out_;
  uint64_t bits_ = 0;
  unsigned bit_count_ = 0;  ///< in bits_
};

}  // namespace docker_sync
