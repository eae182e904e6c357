// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Where in the old bytes a run of 16 new ones may be found: a table of every fourth position by the hash of the 16
// bytes there, built at the speed of memory. One position per slot, and of positions with one hash the last: a match
// that is missed here is found again some bytes on, since it has many seeds. Rejected: bsdiff's suffix array, which
// finds the longest match always, at 17 bytes of memory per old byte and 80 times the time for a third fewer bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace docker_sync {

inline constexpr size_t kSeedBytes = 16;

class SeedTable {
 public:
  /// No larger: a slot has 23 bits for a position.
  static constexpr size_t kMostBytes = size_t{32} << 20;

  /// Memory: up to twice the bytes of the old content, at most 32 MiB. `old_bytes` must outlive it, and be no longer
  /// than kMostBytes.
  explicit SeedTable(ByteView old_bytes);

  /// The slot of 16 bytes, and what of their hash is kept in it.
  struct Key {
    uint32_t slot, tag;
  };
  [[nodiscard]] Key key(const uint8_t* seed) const {
    const uint64_t mixed = hash(seed);
    return {static_cast<uint32_t>(mixed >> shift_), static_cast<uint32_t>(mixed) & kTagMask};
  }
  void prefetch(Key key) const { __builtin_prefetch(&slots_[key.slot]); }

  /// A position in the old bytes whose 16 bytes are those at `seed`.
  [[nodiscard]] std::optional<size_t> find(Key key, const uint8_t* seed) const {
    const uint32_t slot = slots_[key.slot];
    if (((slot ^ key.tag) & kTagMask) != 0) return std::nullopt;
    const size_t position = size_t{slot & kPositionMask} * kStride;
    if (position >= end_ || std::memcmp(&old_[position], seed, kSeedBytes) != 0) return std::nullopt;
    return position;
  }

 private:
  static constexpr size_t kStride = 4;
  static constexpr uint32_t kPositionMask = (uint32_t{1} << 23) - 1, kTagMask = ~kPositionMask;

  static uint64_t hash(const uint8_t* seed) {
    uint64_t low, high;
    std::memcpy(&low, seed, 8);
    std::memcpy(&high, seed + 8, 8);
    const uint64_t mixed = (low * 0x9e3779b97f4a7c15) ^ std::rotl(high * 0xc2b2ae3d27d4eb4f, 31);
    return (mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9;
  }

  ByteView old_;
  size_t end_ = 0;  ///< seeds start before it
  int shift_;
  std::vector<uint32_t> slots_;
};

}  // namespace docker_sync
