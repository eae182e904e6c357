// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/offered.h"

namespace docker_sync {

void OfferedBlocks::push(OfferedBlock block) {
  const std::lock_guard lock(mutex_);
  blocks_.push_back(std::move(block));
  changed_.notify_all();
}

void OfferedBlocks::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void OfferedBlocks::close(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = error;
  changed_.notify_all();
}

const OfferedBlock* OfferedBlocks::wait_for(uint64_t number) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return error_ || ended_ || number < blocks_.size(); });
  if (error_) throw Error(*error_);
  return number < blocks_.size() ? &blocks_[static_cast<size_t>(number)] : nullptr;
}

const OfferedBlock& OfferedBlocks::at(uint64_t number) {
  const std::lock_guard lock(mutex_);
  if (number >= blocks_.size()) throw_protocol("an answer to what was not offered");
  return blocks_[static_cast<size_t>(number)];
}

bool OfferedBlocks::has(uint64_t number) {
  const std::lock_guard lock(mutex_);
  return number < blocks_.size();
}

}  // namespace docker_sync
