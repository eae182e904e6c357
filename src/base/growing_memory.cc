// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/growing_memory.h"

#include <bit>
#include <cassert>
#include <cstring>

namespace docker_sync {

GrowingMemory::Place GrowingMemory::place_of(size_t offset) {
  // Blocks begin at (2^n - 1) * kFirst, so that the highest bit of what is counted from 1 tells which one it is.
  const size_t from_one = offset / kFirst + 1;
  const auto doubling = static_cast<size_t>(std::bit_width(from_one)) - 1;
  if (doubling < kDoubling) {
    const size_t room = kFirst << doubling, at = offset - (room - kFirst);
    return {doubling, at, room - at};
  }
  const size_t behind = offset - ((kFirst << kDoubling) - kFirst), at = behind % kLast;
  return {kDoubling + behind / kLast, at, kLast - at};
}

void GrowingMemory::append(ByteView bytes) {
  assert(bytes.size() <= kMost - size_);
  while (!bytes.empty()) {
    const Place place = place_of(size_);
    const size_t count = std::min(bytes.size(), place.room);
    if (place.offset == 0) {
      if (place.block >= kDoubling && !large_) large_ = std::make_unique<Large>();
      Block& next = place.block < kDoubling ? doubling_[place.block] : (*large_)[place.block - kDoubling];
      next = std::make_unique_for_overwrite<uint8_t[]>(place.room);
    }
    std::memcpy(block(place.block).get() + place.offset, bytes.data(), count);
    size_ += count;
    bytes = bytes.subspan(count);
  }
}

void GrowingMemory::read_at(size_t offset, MutableBytes out) const {
  while (!out.empty()) {
    const Place place = place_of(offset);
    const size_t count = std::min(out.size(), place.room);
    std::memcpy(out.data(), block(place.block).get() + place.offset, count);
    offset += count;
    out = out.subspan(count);
  }
}

void GrowingMemory::clear() {
  doubling_ = {};
  large_.reset();
  size_ = 0;
}

}  // namespace docker_sync
