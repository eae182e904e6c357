// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Bytes in memory that are appended and never moved: what another thread was told of can be read there while more
// comes. A few bytes take a few kilobytes, and nothing is ever copied to make room.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "base/io.h"

namespace docker_sync {

class GrowingMemory {
 public:
  /// What one may hold.
  static constexpr size_t kMost = size_t{256} << 20;

  /// REQUIRES: no more than kMost in all.
  void append(ByteView bytes);
  /// REQUIRES: all of it was appended before this thread was told.
  void read_at(size_t offset, MutableBytes out) const;
  /// Any thread.
  [[nodiscard]] size_t size() const { return size_; }
  void clear();

 private:
  // 4 KiB, and twice as much each, up to 512 KiB; then 1 MiB each. Larger ones the allocator might keep to itself.
  static constexpr size_t kFirst = 4 << 10, kLast = size_t{1} << 20, kDoubling = 8;

  struct Place {
    size_t block, offset, room;
  };
  using Block = std::unique_ptr<uint8_t[]>;
  using Large = std::array<Block, kMost / kLast>;

  [[nodiscard]] static Place place_of(size_t offset);
  [[nodiscard]] const Block& block(size_t number) const {
    return number < kDoubling ? doubling_[number] : (*large_)[number - kDoubling];
  }

  std::array<Block, kDoubling> doubling_;
  std::unique_ptr<Large> large_;  ///< made with the first of them: what is small has none
  std::atomic<size_t> size_ = 0;
};

}  // namespace docker_sync
