// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Coming bytes that one thread reads once, from the first to the last. Who writes waits for it, so that any number of
// them passes through a few MiB of memory.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include "base/coming_bytes.h"

namespace docker_sync {

class PassingBytes : public ComingBytes {
 public:
  static constexpr size_t kMost = 8 << 20;

  /// `look`: called now and then by who writes while it waits, and may throw what ends that.
  PassingBytes(uint64_t size, std::function<void()> look) : size_(size), look_(std::move(look)) {}

  /// REQUIRES: one thread, and no more than `size` bytes in all.
  void write(ByteView bytes) override;
  void end() override;
  void close(const Error& error) override;

  [[nodiscard]] uint64_t size() const override { return size_; }
  /// REQUIRES: one thread, other than who writes. Throws ExitCode::internal for what lies more than a part of 256 KiB
  /// before what was read already.
  void read_at(uint64_t offset, MutableBytes out) const override;

 private:
  const uint64_t size_;
  const std::function<void()> look_;
  uint64_t written_ = 0;  ///< for who writes
  mutable std::mutex mutex_;  ///< guards all below
  mutable std::condition_variable changed_;
  mutable std::deque<Bytes> parts_;
  mutable uint64_t passed_ = 0;  ///< parts before those
  uint64_t readable_ = 0;
  std::optional<Error> error_;
};

}  // namespace docker_sync
