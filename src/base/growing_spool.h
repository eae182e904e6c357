// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Coming bytes that are kept, and may be read at any offset, as often as one likes.
#pragma once

#include "base/coming_bytes.h"
#include "base/spool.h"

namespace docker_sync {

class GrowingSpool : public ComingBytes {
 public:
  /// On the disk. `space` must outlive it.
  GrowingSpool(const SpoolSpace& space, uint64_t size)
      : ComingBytes(size), spool_(space, Spool::Begin::on_disk) {}

  /// REQUIRES: one thread, and no more than `size` bytes in all.
  void write(ByteView bytes) override;
  /// Any thread but the one that writes.
  void read_at(uint64_t offset, MutableBytes out) const override;

 private:
  Spool spool_;
  uint64_t told_ = 0;  ///< for who writes
};

}  // namespace docker_sync
