// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Bytes that are made once and then read anywhere: in memory while they are few, else in a spool. Most archives are
// small and come in thousands; a temporary file for each of them would cost more than what is done with it.
#pragma once

#include <memory>

#include "base/spool.h"

namespace docker_sync {

class Scratch : public Sink, public RandomAccess {
 public:
  /// As many bytes stay in memory.
  static constexpr size_t kMostInMemory = size_t{4} << 20;

  /// `folder` must outlive the writing. Throws ExitCode::disk, here and in all it does, as a Spool does.
  explicit Scratch(const SpoolFolder& folder, size_t most_in_memory = kMostInMemory)
      : folder_(&folder), most_in_memory_(most_in_memory) {}

  void write(ByteView bytes) override;
  [[nodiscard]] uint64_t size() const override { return spool_ ? spool_->size() : memory_.size(); }
  /// REQUIRES: flush() was called after the last write.
  void read_at(uint64_t offset, MutableBytes out) const override;
  void flush();
  /// Starts from nothing, in memory again.
  void clear();

 private:
  const SpoolFolder* folder_;
  size_t most_in_memory_;
  Bytes memory_;
  std::unique_ptr<Spool> spool_;
};

}  // namespace docker_sync
