// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Coming bytes that one thread reads once, from the first to the last. Who writes waits for it, so that any number of
// them passes through a few MiB of memory.
#pragma once

#include <deque>
#include <functional>

#include "base/coming_bytes.h"

namespace docker_sync {

class PassingBytes : public ComingBytes {
 public:
  static constexpr size_t kMost = 8 << 20;

  /// `look`: called now and then by who writes while it waits, and may throw what ends that.
  PassingBytes(uint64_t size, std::function<void()> look) : ComingBytes(size), look_(std::move(look)) {}

  /// REQUIRES: one thread, and no more than `size` bytes in all.
  void write(ByteView bytes) override;
  /// REQUIRES: one thread, other than who writes. Throws ExitCode::internal for what lies more than a part of 256 KiB
  /// before what was read already.
  void read_at(uint64_t offset, MutableBytes out) const override;

 private:
  const std::function<void()> look_;
  uint64_t written_ = 0;              ///< for who writes
  mutable std::deque<Bytes> parts_;   ///< of kStep bytes each; guarded, like the next one, by mutex_
  mutable uint64_t passed_ = 0;       ///< parts before those
};

}  // namespace docker_sync
