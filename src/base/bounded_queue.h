// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A Queue that holds so much and no more: who puts in what does not fit waits until enough was taken out.
#pragma once

#include <utility>

#include "base/queue.h"

namespace docker_sync {

template <class T>
class BoundedQueue {
 public:
  /// `most`: the sum of weights, if one value alone is not above it.
  explicit BoundedQueue(size_t most) : most_(most) {}

  /// Waits for room. Throws the error that the queue was closed with.
  void push(T value, size_t weight) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return error_ || held_ == 0 || held_ + weight <= most_; });
      if (error_) throw Error(*error_);
      held_ += weight;
    }
    values_.push({std::move(value), weight});
  }

  /// As Queue's.
  [[nodiscard]] std::optional<T> pop() {
    auto value = values_.pop();
    if (!value) return std::nullopt;
    const std::lock_guard lock(mutex_);
    held_ -= value->second;
    changed_.notify_all();
    return std::move(value->first);
  }

  void end() { values_.end(); }

  void close(const Error& error) {
    values_.close(error);
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = error;
    changed_.notify_all();
  }

 private:
  Queue<std::pair<T, size_t>> values_;
  const size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t held_ = 0;
  std::optional<Error> error_;
};

}  // namespace docker_sync
