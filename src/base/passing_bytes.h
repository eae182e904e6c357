// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Coming bytes that one thread reads once, from the first to the last. Who writes waits for it, so that any number of
// them passes through a few MiB of memory.
#pragma once

#include <functional>

#include "base/coming_bytes.h"

namespace docker_sync {

class PassingBytes : public ComingBytes {
 public:
  static constexpr size_t kMost = 8 << 20;

  /// `look`: called now and then by who writes while it waits, and may throw what ends that.
  PassingBytes(uint64_t size, std::function<void()> look);

  /// REQUIRES: one thread, and no more than `size` bytes in all.
  void write(ByteView bytes) override;
  /// REQUIRES: one thread, other than who writes. Throws ExitCode::internal for what lies more than a part of 256 KiB
  /// before what was read already.
  void read_at(uint64_t offset, MutableBytes out) const override;

 private:
  /// Where in the ring a byte lies until it has passed.
  [[nodiscard]] size_t place(uint64_t offset) const { return offset % ring_.size(); }
  void wait_for_room(size_t count);
  /// REQUIRES: mutex_ held. What lies before the part of that byte has passed.
  void pass(uint64_t offset) const;

  const std::function<void()> look_;
  uint64_t written_ = 0;         ///< for who writes
  Bytes ring_;                   ///< each byte is either who writes' or who reads'
  mutable uint64_t passed_ = 0;  ///< bytes, in whole parts of kStep; guarded by mutex_
};

}  // namespace docker_sync
