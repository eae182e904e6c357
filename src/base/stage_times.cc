// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/stage_times.h"

#include <algorithm>

namespace docker_sync {

namespace {

thread_local InStage* innermost = nullptr;

}  // namespace

void StageTimes::add(std::string_view stage, std::chrono::nanoseconds time, uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  auto entry = std::ranges::find(entries_, stage, &Entry::stage);
  if (entry == entries_.end()) entry = entries_.insert(entries_.end(), {std::string(stage), {}, 0});
  entry->time += time;
  entry->bytes += bytes;
}

std::vector<StageTimes::Entry> StageTimes::all() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

InStage::InStage(StageTimes& times, std::string_view stage, uint64_t bytes)
    : times_(times), stage_(stage), bytes_(bytes), outer_(innermost), since_(Clock::now()) {
  if (outer_ != nullptr) outer_->time_ += since_ - outer_->since_;
  innermost = this;
}

InStage::~InStage() {
  const auto now = Clock::now();
  times_.add(stage_, time_ + (now - since_), bytes_);
  if (outer_ != nullptr) outer_->since_ = now;
  innermost = outer_;
}

}  // namespace docker_sync
