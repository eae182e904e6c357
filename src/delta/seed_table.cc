// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/seed_table.h"

#include <algorithm>
#include <cassert>

namespace docker_sync {

SeedTable::SeedTable(ByteView old_bytes) : old_(old_bytes) {
  assert(old_bytes.size() <= kMostBytes);
  if (old_bytes.size() >= kSeedBytes) end_ = old_bytes.size() - kSeedBytes + 1;
  const int bits = std::clamp<int>(std::bit_width(end_ / kStride), 4, 23);
  shift_ = 64 - bits;
  slots_.assign(size_t{1} << bits, kPositionMask);
  for (size_t position = 0; position < end_; position += kStride) {
    const uint8_t* seed = &old_[position];
    // One byte over and over (zeros, mostly) would match everywhere and say nothing.
    if (std::memcmp(seed, seed + 1, kSeedBytes - 1) == 0) continue;
    const Key place = key(seed);
    slots_[place.slot] = place.tag | static_cast<uint32_t>(position / kStride);
  }
}

}  // namespace docker_sync
