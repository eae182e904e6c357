// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/passing_bytes.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace docker_sync {

namespace {

constexpr std::chrono::milliseconds kLook{100};

}  // namespace

void PassingBytes::write(ByteView bytes) {
  while (!bytes.empty()) {
    const auto count = std::min<size_t>(bytes.size(), kStep - written_ % kStep);
    std::unique_lock lock(mutex_);
    if (written_ % kStep == 0) {
      while (parts_.size() * kStep >= kMost) {
        if (changed_.wait_for(lock, kLook) == std::cv_status::no_timeout) continue;
        lock.unlock();
        look_();
        lock.lock();
      }
      parts_.emplace_back().reserve(kStep);
    }
    parts_.back().insert(parts_.back().end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(count));
    written_ += count;
    bytes = bytes.subspan(count);
    if (written_ % kStep == 0 || written_ == size()) came(written_);
  }
}

void PassingBytes::read_at(uint64_t offset, MutableBytes out) const {
  std::unique_lock lock(mutex_);
  while (!out.empty()) {
    const uint64_t part = offset / kStep;
    const auto count = std::min<size_t>(out.size(), kStep - offset % kStep);
    if (part < passed_) throw Error(ExitCode::internal, "bytes that have passed were read again");
    const auto before = std::min<uint64_t>(part - passed_, parts_.size());
    parts_.erase(parts_.begin(), parts_.begin() + static_cast<ptrdiff_t>(before));
    passed_ += before;
    if (before > 0) changed_.notify_all();
    wait_for(offset + count, lock);
    // More may have to pass before it is there.
    if (part > passed_) continue;
    std::memcpy(out.data(), parts_.front().data() + offset % kStep, count);
    offset += count;
    out = out.subspan(count);
  }
}

}  // namespace docker_sync
