// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Bytes whose number is known before they come, written by one thread and read by others meanwhile: who wants what has
// not come waits. The last byte comes when who writes has found the whole to be right.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "base/io.h"

namespace docker_sync {

class ComingBytes : public Sink, public RandomAccess {
 public:
  explicit ComingBytes(uint64_t size) : size_(size) {}

  /// REQUIRES: all has been written; and it is right.
  void end();
  /// It will not come to its end: who waits gets `error`.
  void close(const Error& error);

  [[nodiscard]] uint64_t size() const override { return size_; }

 protected:
  /// Who waits is not woken for less.
  static constexpr size_t kStep = 256 << 10;

  // REQUIRES, of both: mutex_ held, by `lock`.
  /// So many bytes may be read, but for the last of all.
  void came(uint64_t written);
  /// Waits until the bytes before `end` may be read. Throws the error of close().
  void wait_for(uint64_t end, std::unique_lock<std::mutex>& lock) const;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;

 private:
  const uint64_t size_;
  uint64_t readable_ = 0;
  std::optional<Error> error_;
};

}  // namespace docker_sync
