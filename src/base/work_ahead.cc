// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/work_ahead.h"

#include <utility>

namespace docker_sync {

WorkAhead::WorkAhead() : thread_([this] { run_ahead(); }) {}

WorkAhead::~WorkAhead() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void WorkAhead::push(Task task, bool may_run_ahead) {
  auto entry = std::make_unique<Entry>();
  entry->task = std::move(task);
  entry->may_run_ahead = may_run_ahead;
  ++size_;
  const std::lock_guard lock(mutex_);
  entries_.push_back(std::move(entry));
  changed_.notify_all();
}

void WorkAhead::pop_into(Sink& sink) {
  std::unique_ptr<Entry> entry;
  {
    std::unique_lock lock(mutex_);
    Entry& oldest = *entries_.front();
    if (oldest.begun) changed_.wait(lock, [&] { return oldest.done; });
    entry = std::move(entries_.front());
    entries_.pop_front();
  }
  --size_;
  if (entry->error) std::rethrow_exception(entry->error);
  entry->done ? sink.write(entry->made.bytes()) : entry->task(sink);
}

WorkAhead::Entry* WorkAhead::next_ahead() {
  for (const auto& entry : entries_) {
    if (entry->may_run_ahead && !entry->begun) return entry.get();
  }
  return nullptr;
}

void WorkAhead::run_ahead() {
  std::unique_lock lock(mutex_);
  while (true) {
    Entry* entry = nullptr;
    changed_.wait(lock, [&] { return stopped_ || (entry = next_ahead()) != nullptr; });
    if (stopped_) return;
    entry->begun = true;
    lock.unlock();
    try {
      entry->task(entry->made);
    } catch (...) {
      entry->error = std::current_exception();
    }
    lock.lock();
    entry->done = true;
    changed_.notify_all();
  }
}

}  // namespace docker_sync
