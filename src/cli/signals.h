// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// SIGINT, SIGTERM and SIGHUP, waited for by a thread instead of handled: what they set off takes locks and closes
// connections, which no signal handler may. A signal that was ignored when the program started (nohup) stays so.
#pragma once

#include <signal.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

#include "base/fd.h"

namespace docker_sync {

class SignalWatcher {
 public:
  /// Blocks the signals in this thread and in all that it starts from now on. REQUIRES: no other thread runs yet.
  /// `action` is called at the first signal, `exit_at_once` at the second, both by the watching thread.
  SignalWatcher(std::function<void()> action, std::function<void()> exit_at_once);
  /// Ends the watching; the signals do again what they did before.
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

  /// What the first signal does from now on. Returns when the former action is not running any more. If the signal has
  /// come already, `action` is called here, at once.
  void on_signal(std::function<void()> action);

  [[nodiscard]] bool came() const { return came_; }

 private:
  void watch();
  void take();

  sigset_t watched_, before_;
  std::function<void()> exit_at_once_;
  Fd signals_;
  Pipe stop_;
  std::mutex mutex_;
  std::function<void()> action_;  ///< guarded by mutex_
  bool acted_ = false;            ///< likewise
  std::atomic<bool> came_ = false;
  std::thread acting_, thread_;
};

}  // namespace docker_sync
