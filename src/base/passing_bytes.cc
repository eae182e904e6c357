// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/passing_bytes.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace docker_sync {

namespace {

constexpr size_t kPart = 256 << 10;
constexpr std::chrono::milliseconds kLook{100};

}  // namespace

void PassingBytes::write(ByteView bytes) {
  while (!bytes.empty()) {
    const auto count = std::min<size_t>(bytes.size(), kPart - written_ % kPart);
    std::unique_lock lock(mutex_);
    if (written_ % kPart == 0) {
      while (parts_.size() * kPart >= kMost) {
        if (changed_.wait_for(lock, kLook) == std::cv_status::no_timeout) continue;
        lock.unlock();
        look_();
        lock.lock();
      }
      parts_.emplace_back().reserve(kPart);
    }
    parts_.back().insert(parts_.back().end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(count));
    written_ += count;
    bytes = bytes.subspan(count);
    // Who waits is not woken for less than a part.
    if (written_ % kPart != 0 && written_ != size_) continue;
    readable_ = std::min(written_, size_ - 1);
    changed_.notify_all();
  }
}

void PassingBytes::end() {
  const std::lock_guard lock(mutex_);
  readable_ = written_;
  changed_.notify_all();
}

void PassingBytes::close(const Error& error) {
  const std::lock_guard lock(mutex_);
  error_ = error;
  changed_.notify_all();
}

void PassingBytes::read_at(uint64_t offset, MutableBytes out) const {
  std::unique_lock lock(mutex_);
  while (!out.empty()) {
    const uint64_t part = offset / kPart;
    const auto count = std::min<size_t>(out.size(), kPart - offset % kPart);
    if (part < passed_) throw Error(ExitCode::internal, "bytes that have passed were read again");
    const auto before = std::min<uint64_t>(part - passed_, parts_.size());
    parts_.erase(parts_.begin(), parts_.begin() + static_cast<ptrdiff_t>(before));
    passed_ += before;
    if (before > 0) changed_.notify_all();
    changed_.wait(lock, [&] { return error_ || offset + count <= readable_; });
    if (error_) throw Error(*error_);
    // More may have to pass before it is there.
    if (part > passed_) continue;
    std::memcpy(out.data(), parts_.front().data() + offset % kPart, count);
    offset += count;
    out = out.subspan(count);
  }
}

}  // namespace docker_sync
