// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/task_group.h"

namespace docker_sync {

TaskGroup::~TaskGroup() {
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void TaskGroup::run(std::function<void()> task) {
  threads_.emplace_back([this, task = std::move(task)] { run_here(task); });
}

void TaskGroup::run_here(const std::function<void()>& task) {
  try {
    task();
  } catch (const Error& error) {
    fail(error);
  } catch (const std::bad_alloc&) {
    fail(Error(ExitCode::internal, "out of memory"));
  } catch (const std::exception& error) {
    fail(Error(ExitCode::internal, error.what()));
  }
}

void TaskGroup::fail(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (first_error_) return;
    first_error_ = error;
  }
  stop_(error);
}

void TaskGroup::wait() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  if (first_error_) throw Error(*first_error_);
}

}  // namespace docker_sync
