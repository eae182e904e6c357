// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A ring of bytes with a fixed bound, between the thread that owns an SSH session and those that read and write.
#pragma once

#include <algorithm>
#include <cassert>
#include <memory>

#include "base/bytes.h"

namespace docker_sync {

/// Not thread-safe. Memory: `capacity` bytes, touched as far as they are used.
class ByteQueue {
 public:
  explicit ByteQueue(size_t capacity) : bytes_(new uint8_t[capacity]), capacity_(capacity) {}

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] size_t room() const { return capacity_ - size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  void clear() { begin_ = size_ = 0; }

  /// REQUIRES: bytes.size() <= room().
  void push(ByteView bytes) {
    assert(bytes.size() <= room());
    const size_t end = (begin_ + size_) % capacity_;
    const size_t before_wrap = std::min(bytes.size(), capacity_ - end);
    std::copy_n(bytes.begin(), before_wrap, bytes_.get() + end);
    std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(before_wrap), bytes.end(), bytes_.get());
    size_ += bytes.size();
  }

  /// Takes as much as there is and fits; returns how much.
  size_t pop(MutableBytes out) {
    const size_t count = std::min(out.size(), size_);
    const size_t before_wrap = std::min(count, capacity_ - begin_);
    std::copy_n(bytes_.get() + begin_, before_wrap, out.begin());
    std::copy_n(bytes_.get(), count - before_wrap, out.begin() + static_cast<std::ptrdiff_t>(before_wrap));
    size_ -= count;
    // Starting over when empty keeps a slow dialogue within the first few pages.
    begin_ = size_ == 0 ? 0 : (begin_ + count) % capacity_;
    return count;
  }

 private:
  std::unique_ptr<uint8_t[]> bytes_;
  size_t capacity_, begin_ = 0, size_ = 0;
};

}  // namespace docker_sync
