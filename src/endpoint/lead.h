// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// How far the answers are ahead of the contents: far enough to fill the link, and no farther, since what is asked once
// more comes behind all that was answered before, and the layer that needs it waits.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "base/error.h"

namespace docker_sync {

class Lead {
 public:
  /// So many bytes of contents will come.
  void answered(uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    ahead_ += bytes;
  }
  /// They came, in whatever state; with `wake`, who waits has something else to do.
  void came(uint64_t bytes, bool wake) {
    const std::lock_guard lock(mutex_);
    ahead_ -= bytes;
    woken_ = woken_ || wake;
    changed_.notify_all();
  }
  /// Waits until the answers may go on, or until it is woken: then false. Throws the error of close().
  [[nodiscard]] bool wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return error_ || woken_ || ahead_ < kMost; });
    if (error_) throw Error(*error_);
    return !std::exchange(woken_, false);
  }
  void close(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = error;
    changed_.notify_all();
  }

 private:
  static constexpr uint64_t kMost = uint64_t{24} << 20;

  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t ahead_ = 0;
  bool woken_ = false;
  std::optional<Error> error_;
};

}  // namespace docker_sync
