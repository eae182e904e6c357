// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Hands values from one thread to another. Unbounded: what bounds it is what is put in (a credit, a number of layers);
// each user says what. Closing it with an error wakes and fails every waiting thread, which is how one failing thread
// stops the others.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "base/error.h"

namespace docker_sync {

template <class T>
class Queue {
 public:
  /// Throws the error that the queue was closed with.
  void push(T value) {
    const std::lock_guard lock(mutex_);
    if (error_) throw Error(*error_);
    values_.push_back(std::move(value));
    changed_.notify_one();
  }

  /// Waits for a value; nothing once the queue was ended and is empty. Throws the error that it was closed with.
  [[nodiscard]] std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return error_ || ended_ || !values_.empty(); });
    return take();
  }

  /// Like pop(), but nothing also when there is no value yet.
  [[nodiscard]] std::optional<T> try_pop() {
    const std::lock_guard lock(mutex_);
    return take();
  }

  [[nodiscard]] size_t size() {
    const std::lock_guard lock(mutex_);
    return values_.size();
  }

  /// For a thread that works long between two values. Throws like push().
  void throw_if_closed() {
    const std::lock_guard lock(mutex_);
    if (error_) throw Error(*error_);
  }

  /// No more values will come.
  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  void close(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = error;
    changed_.notify_all();
  }

 private:
  std::optional<T> take() {
    if (error_) throw Error(*error_);
    if (values_.empty()) return std::nullopt;
    std::optional<T> value(std::move(values_.front()));
    values_.pop_front();
    return value;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
  bool ended_ = false;
  std::optional<Error> error_;
};

}  // namespace docker_sync
