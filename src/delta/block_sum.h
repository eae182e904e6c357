// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The rolling sum of the rsync algorithm: a polynomial of a block's bytes modulo 2^64, of which the upper half counts.
// Its multiplier reaches every bit of that half even from a block's last byte. Of a block of n bytes:
// c[0] m^n + c[1] m^(n-1) + ... + c[n-1] m.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace docker_sync {

class BlockSum {
 public:
  /// Of blocks of so many bytes.
  explicit BlockSum(uint64_t block_bytes) {
    for (uint64_t i = 0; i <= block_bytes; ++i) leaving_ *= kMultiplier;
  }

  void set(ByteView block) {
    // Eight bytes at a time: only one of these products waits for the one before.
    sum_ = 0;
    size_t i = 0;
    for (; i + 8 <= block.size(); i += 8) {
      const uint8_t* at = &block[i];
      const uint64_t first = at[0] * kPowers[8] + at[1] * kPowers[7] + at[2] * kPowers[6],
                     second = at[3] * kPowers[5] + at[4] * kPowers[4] + at[5] * kPowers[3],
                     third = at[6] * kPowers[2] + at[7] * kPowers[1];
      sum_ = sum_ * kPowers[8] + (first + second + third);
    }
    for (; i < block.size(); ++i) sum_ = (sum_ + block[i]) * kMultiplier;
  }

  /// Moves the block on by a byte.
  void roll(uint8_t out, uint8_t in) { sum_ = sum_ * kMultiplier + (in * kMultiplier - out * leaving_); }

  [[nodiscard]] uint32_t value() const { return static_cast<uint32_t>(sum_ >> 32); }

 private:
  static constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;

  static constexpr std::array<uint64_t, 9> kPowers = [] {
    std::array<uint64_t, 9> powers{1};
    for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * kMultiplier;
    return powers;
  }();

  uint64_t leaving_ = 1;  ///< what the first byte has become a multiple of when it leaves
  uint64_t sum_ = 0;
};

}  // namespace docker_sync
