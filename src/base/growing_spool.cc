// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/growing_spool.h"

namespace docker_sync {

void GrowingSpool::write(ByteView bytes) {
  spool_.write(bytes);
  if (spool_.size() - told_ < kStep && spool_.size() != size()) return;
  told_ = spool_.size();
  spool_.flush();
  const std::lock_guard lock(mutex_);
  came(told_);
}

void GrowingSpool::read_at(uint64_t offset, MutableBytes out) const {
  {
    std::unique_lock lock(mutex_);
    wait_for(offset + out.size(), lock);
  }
  spool_.read_at(offset, out);
}

}  // namespace docker_sync
