// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/signals.h"

#include <sys/signalfd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/error.h"

namespace docker_sync {

namespace {

sigset_t signals_to_watch() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction current {};
    ::sigaction(number, nullptr, &current);
    if (current.sa_handler != SIG_IGN) sigaddset(&set, number);
  }
  return set;
}

}  // namespace

SignalWatcher::SignalWatcher(std::function<void()> action, std::function<void()> exit_at_once)
    : watched_(signals_to_watch()), exit_at_once_(std::move(exit_at_once)), stop_(make_pipe()),
      action_(std::move(action)) {
  ::pthread_sigmask(SIG_BLOCK, &watched_, &before_);
  signals_ = Fd(::signalfd(-1, &watched_, SFD_CLOEXEC));
  if (!signals_) throw_errno(ExitCode::internal, "cannot wait for signals", errno);
  thread_ = std::thread([this] { watch(); });
}

SignalWatcher::~SignalWatcher() {
  stop_.write_end.reset();
  thread_.join();
  if (acting_.joinable()) acting_.join();
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void SignalWatcher::watch() {
  while (true) {
    std::array<pollfd, 2> waited{pollfd{signals_.get(), POLLIN, 0}, pollfd{stop_.read_end.get(), POLLIN, 0}};
    wait_for(waited, std::nullopt);
    if (waited[1].revents != 0) return;
    signalfd_siginfo signal{};
    if (read_some(signals_, {reinterpret_cast<uint8_t*>(&signal), sizeof signal}).value_or(0) == 0) continue;
    take();
  }
}

void SignalWatcher::take() {
  if (came_.exchange(true)) return exit_at_once_();
  // In a thread of its own, lest a second signal wait for what the first one set off.
  acting_ = std::thread([this] {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(acted_, true)) action_();
  });
}

void SignalWatcher::on_signal(std::function<void()> action) {
  const std::lock_guard lock(mutex_);
  action_ = std::move(action);
  if (came_) {
    acted_ = true;
    action_();
  }
}

}  // namespace docker_sync
