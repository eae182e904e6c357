// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/best_rate.h"

#include <algorithm>

namespace docker_sync {

void BestRate::note(Time now, uint64_t taken) {
  if (!marks_.empty() && taken - marks_.back().taken < kMarkBytes) return;
  marks_.push_back({now, taken});
  while (marks_.size() > 1 && taken - marks_[1].taken >= kSpanBytes) marks_.pop_front();
  const uint64_t bytes = taken - marks_.front().taken;
  if (bytes < kSpanBytes) return;
  const double seconds = std::max(std::chrono::duration<double>(now - marks_.front().at).count(), 1e-6);
  best_ = std::max(best_, static_cast<uint64_t>(static_cast<double>(bytes) / seconds));
}

}  // namespace docker_sync
