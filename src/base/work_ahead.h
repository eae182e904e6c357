// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Tasks that write bytes, done in their order by the thread that owns them, and ahead of it by another one: what that
// has made by the time its turn comes is only copied. So the second core is used and nothing arrives out of order.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "base/io.h"

namespace docker_sync {

class WorkAhead {
 public:
  using Task = std::function<void(Sink&)>;

  WorkAhead();
  /// Waits for the task that is being done.
  ~WorkAhead();
  WorkAhead(const WorkAhead&) = delete;
  WorkAhead& operator=(const WorkAhead&) = delete;

  /// `may_run_ahead`: in another thread than this, into memory. What a task refers to must stay until it is done.
  void push(Task task, bool may_run_ahead);
  [[nodiscard]] size_t size() const { return size_; }
  /// Does the oldest task, or takes what was made of it. Throws what the task threw. REQUIRES: size() > 0.
  void pop_into(Sink& sink);

 private:
  struct Entry {
    Task task;
    bool may_run_ahead = false, begun = false, done = false;
    MemorySink made;
    std::exception_ptr error;
  };

  void run_ahead();
  [[nodiscard]] Entry* next_ahead();  ///< REQUIRES: mutex_ held

  size_t size_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Entry>> entries_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace docker_sync
