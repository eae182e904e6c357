// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Integers as all our formats have them: LEB128, seven bits a byte, the lowest first, one to ten bytes; and differences
// of either sign as small integers (zigzag: 0, -1, 1, -2, ...).
#pragma once

#include <cstdint>

#include "base/error.h"

namespace docker_sync {

/// Calls `put_byte` for each byte.
constexpr void put_leb128(uint64_t value, auto put_byte) {
  for (; value >= 0x80; value >>= 7) put_byte(static_cast<uint8_t>(value | 0x80));
  put_byte(static_cast<uint8_t>(value));
}

/// Reads one with `next_byte`, which throws where there is none. Throws ExitCode::protocol beyond 64 bits.
uint64_t get_leb128(auto next_byte) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = next_byte();
    if (shift == 63 && byte > 1) break;
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  throw_protocol("a number out of range");
}

/// A difference modulo 2^64.
constexpr uint64_t zigzag(uint64_t difference) { return difference << 1 ^ (difference >> 63 != 0 ? UINT64_MAX : 0); }
constexpr uint64_t unzigzag(uint64_t value) { return value >> 1 ^ ((value & 1) != 0 ? UINT64_MAX : 0); }

}  // namespace docker_sync
