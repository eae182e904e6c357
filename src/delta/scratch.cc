// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/scratch.h"

namespace docker_sync {

void Scratch::write(ByteView bytes) {
  if (!spool_ && bytes.size() > most_in_memory_ - memory_.size()) {
    spool_ = std::make_unique<Spool>(*folder_);
    spool_->write(memory_);
    memory_ = {};
  }
  if (spool_) return spool_->write(bytes);
  memory_.insert(memory_.end(), bytes.begin(), bytes.end());
}

void Scratch::read_at(uint64_t offset, MutableBytes out) const {
  if (spool_) return spool_->read_at(offset, out);
  MemoryFile(memory_).read_at(offset, out);
}

void Scratch::flush() {
  if (spool_) spool_->flush();
}

void Scratch::clear() {
  memory_.clear();
  spool_.reset();
}

}  // namespace docker_sync
