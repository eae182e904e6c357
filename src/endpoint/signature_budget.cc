// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/signature_budget.h"

namespace docker_sync {

namespace {

constexpr uint64_t kFreeShare = 512;  // A signature this much smaller than its content is a risk worth taking.
constexpr uint64_t kPackedTo = 4;     // Bytes that a delta saves would have been packed to a third or less.
constexpr uint64_t kSpare = 64;       // Of what came anyway, so much may be lost: 1.6 %.

}  // namespace

bool SignatureBudget::take(uint64_t signature_bytes, uint64_t content_bytes) {
  std::unique_lock lock(mutex_);
  const auto cost = static_cast<int64_t>(signature_bytes);
  if (signature_bytes > content_bytes / kFreeShare) {
    changed_.wait(lock, [&] { return error_ || cost <= credit_ || under_way_ == 0; });
    if (error_) throw Error(*error_);
    if (cost > credit_) return false;
  }
  credit_ -= cost;
  ++pending_;
  return true;
}

void SignatureBudget::sent() {
  const std::lock_guard lock(mutex_);
  under_way_ += pending_;
  pending_ = 0;
}

void SignatureBudget::settle(uint64_t content_bytes, uint64_t delta_bytes) {
  const std::lock_guard lock(mutex_);
  if (content_bytes > delta_bytes) credit_ += static_cast<int64_t>((content_bytes - delta_bytes) / kPackedTo);
  --under_way_;
  changed_.notify_all();
}

void SignatureBudget::received(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  credit_ += static_cast<int64_t>(bytes / kSpare);
  changed_.notify_all();
}

void SignatureBudget::close(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = error;
  changed_.notify_all();
}

}  // namespace docker_sync
