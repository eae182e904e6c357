// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/coming_bytes.h"

#include <algorithm>

namespace docker_sync {

void ComingBytes::end() {
  const std::lock_guard lock(mutex_);
  readable_ = size_;
  changed_.notify_all();
}

void ComingBytes::close(const Error& error) {
  const std::lock_guard lock(mutex_);
  error_ = error;
  changed_.notify_all();
}

void ComingBytes::came(uint64_t written) {
  readable_ = std::min(written, size_ - 1);
  changed_.notify_all();
}

void ComingBytes::wait_for(uint64_t end, std::unique_lock<std::mutex>& lock) const {
  changed_.wait(lock, [&] { return error_ || end <= readable_; });
  if (error_) throw Error(*error_);
}

}  // namespace docker_sync
