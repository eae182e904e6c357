// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Coming bytes that are kept, and may be read at any offset, as often as one likes.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

#include "base/coming_bytes.h"
#include "base/spool.h"

namespace docker_sync {

class GrowingSpool : public ComingBytes {
 public:
  /// On the disk. `space` must outlive it.
  GrowingSpool(const SpoolSpace& space, uint64_t size);

  /// REQUIRES: one thread, and no more than `size` bytes in all.
  void write(ByteView bytes) override;
  void end() override;
  void close(const Error& error) override;

  [[nodiscard]] uint64_t size() const override { return size_; }
  /// Any thread but the one that writes.
  void read_at(uint64_t offset, MutableBytes out) const override;

 private:
  void tell(uint64_t readable);

  Spool spool_;
  const uint64_t size_;
  uint64_t told_ = 0;  ///< for who writes
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  uint64_t readable_ = 0;
  std::optional<Error> error_;
};

}  // namespace docker_sync
