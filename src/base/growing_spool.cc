// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/growing_spool.h"

#include <algorithm>

namespace docker_sync {

namespace {

// Who waits is not woken for less.
constexpr uint64_t kStep = 256 << 10;

}  // namespace

GrowingSpool::GrowingSpool(const SpoolSpace& space, uint64_t size)
    : spool_(space, Spool::Begin::on_disk), size_(size) {}

void GrowingSpool::write(ByteView bytes) {
  spool_.write(bytes);
  if (spool_.size() - told_ < kStep) return;
  told_ = spool_.size();
  tell(std::min(told_, size_ - 1));
}

void GrowingSpool::end() { tell(spool_.size()); }

void GrowingSpool::tell(uint64_t readable) {
  spool_.flush();
  const std::lock_guard lock(mutex_);
  readable_ = readable;
  changed_.notify_all();
}

void GrowingSpool::close(const Error& error) {
  const std::lock_guard lock(mutex_);
  error_ = error;
  changed_.notify_all();
}

void GrowingSpool::read_at(uint64_t offset, MutableBytes out) const {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return error_ || offset + out.size() <= readable_; });
    if (error_) throw Error(*error_);
  }
  spool_.read_at(offset, out);
}

}  // namespace docker_sync
