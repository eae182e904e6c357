// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The blocks of a signature by their sums.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "delta/signature.h"

namespace docker_sync {

class BlockTable {
 public:
  /// Takes a time in proportion to n log n of n blocks whatever their sums are. Memory: 20 bytes per block. `signature`
  /// must outlive it. Throws ExitCode::protocol for more blocks of one weak sum than happens by chance.
  explicit BlockTable(const Signature& signature);

  /// Whether a block may have that weak sum: of sums that none has, one in 16 passes.
  [[nodiscard]] bool may_have(uint32_t weak) const {
    const uint32_t bit = static_cast<uint32_t>(uint64_t{weak} >> filter_shift_);
    return (filter_[bit / 64] >> bit % 64 & 1) != 0;
  }

  struct Entry {
    uint32_t weak, block;
    auto operator<=>(const Entry&) const = default;
  };
  /// Full blocks with that weak sum, of those with one strong sum the first; few.
  [[nodiscard]] std::span<const Entry> with(uint32_t weak) const;

 private:
  std::vector<Entry> entries_;   ///< in order
  std::vector<uint32_t> begin_;  ///< where entries begin whose weak sums have these upper bits
  std::vector<uint64_t> filter_;
  int begin_shift_, filter_shift_;
};

}  // namespace docker_sync
