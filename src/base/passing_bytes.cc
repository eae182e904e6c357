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

PassingBytes::PassingBytes(uint64_t size, std::function<void()> look)
    : ComingBytes(size), look_(std::move(look)), ring_(std::min<uint64_t>(size, kMost)) {}

void PassingBytes::write(ByteView bytes) {
  static_assert(kMost % kStep == 0);
  while (!bytes.empty()) {
    // Within one part, so that it has room in one run.
    const auto count = std::min<size_t>(bytes.size(), kStep - written_ % kStep);
    wait_for_room(count);
    std::memcpy(ring_.data() + place(written_), bytes.data(), count);
    written_ += count;
    bytes = bytes.subspan(count);
    if (written_ % kStep != 0 && written_ != size()) continue;
    const std::lock_guard lock(mutex_);
    came(written_);
  }
}

void PassingBytes::wait_for_room(size_t count) {
  std::unique_lock lock(mutex_);
  while (written_ + count > passed_ + kMost) {
    if (changed_.wait_for(lock, kLook) == std::cv_status::no_timeout) continue;
    lock.unlock();
    look_();
    lock.lock();
  }
}

void PassingBytes::read_at(uint64_t offset, MutableBytes out) const {
  while (!out.empty()) {
    const auto count = std::min<size_t>(out.size(), kStep - offset % kStep);
    {
      std::unique_lock lock(mutex_);
      pass(offset);
      wait_for(offset + count, lock);
    }
    std::memcpy(out.data(), ring_.data() + place(offset), count);
    offset += count;
    out = out.subspan(count);
  }
}

void PassingBytes::pass(uint64_t offset) const {
  const uint64_t begin = offset - offset % kStep;
  if (begin < passed_) throw Error(ExitCode::internal, "bytes that have passed were read again");
  if (begin == passed_) return;
  passed_ = begin;
  changed_.notify_all();
}

}  // namespace docker_sync
