// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Threads that together do one thing: when one fails, the others are told to stop, and the first error is the one
// that counts, since the later ones are only its echo.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/error.h"

namespace docker_sync {

class TaskGroup {
 public:
  /// `stop` is called once, by the first thread that fails, and must make all others return soon. It must not throw.
  explicit TaskGroup(std::function<void(const Error&)> stop) : stop_(std::move(stop)) {}
  /// Waits for all.
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  void run(std::function<void()> task);
  /// The same in the calling thread.
  void run_here(const std::function<void()>& task);
  /// Waits for all, and throws the first error if there was one.
  void wait();

 private:
  void fail(const Error& error);

  std::function<void(const Error&)> stop_;
  std::mutex mutex_;
  std::optional<Error> first_error_;
  std::vector<std::thread> threads_;
};

}  // namespace docker_sync
