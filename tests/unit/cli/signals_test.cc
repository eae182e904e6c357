// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/signals.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <future>

namespace docker_sync {

namespace {

/// Something that happens in another thread, once, and is waited for.
struct Event {
  std::promise<void> promise;
  std::future<void> future = promise.get_future();
  std::function<void()> happen() {
    return [this] { promise.set_value(); };
  }
  bool happens() { return future.wait_for(std::chrono::seconds(20)) == std::future_status::ready; }
};

void never() { FAIL("must not be called"); }

/// Who starts the tests may ignore signals (nohup, a job of a script), and children inherit that.
const bool kNoneIgnored = [] {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_DFL);
  return true;
}();

bool is_blocked(int signal) {
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return ::sigismember(&mask, signal) == 1;
}

}  // namespace

TEST_CASE("each of the signals calls the action in a thread of its own") {
  REQUIRE(kNoneIgnored);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Event interrupted;
    SignalWatcher watcher(interrupted.happen(), never);
    CHECK_FALSE(watcher.came());
    ::kill(::getpid(), signal);
    CHECK(interrupted.happens());
    CHECK(watcher.came());
  }
}

TEST_CASE("the action is the one that was set last") {
  Event interrupted;
  SignalWatcher watcher(never, never);
  watcher.on_signal(interrupted.happen());
  ::kill(::getpid(), SIGTERM);
  CHECK(interrupted.happens());
}

TEST_CASE("an action that is set too late is called at once") {
  Event first, second;
  SignalWatcher watcher(first.happen(), never);
  ::kill(::getpid(), SIGTERM);
  REQUIRE(first.happens());
  watcher.on_signal(second.happen());
  CHECK(second.happens());
}

TEST_CASE("the second signal ends the program although the first one's action is stuck") {
  Event stuck, exit;
  std::promise<void> release;
  {
    SignalWatcher watcher(
        [&] {
          stuck.promise.set_value();
          release.get_future().wait();
        },
        exit.happen());
    ::kill(::getpid(), SIGINT);
    REQUIRE(stuck.happens());
    ::kill(::getpid(), SIGINT);
    CHECK(exit.happens());
    release.set_value();
  }
}

TEST_CASE("an ignored signal stays ignored, as nohup wants it") {
  ::signal(SIGHUP, SIG_IGN);
  {
    SignalWatcher watcher(never, never);
    CHECK_FALSE(is_blocked(SIGHUP));
    CHECK(is_blocked(SIGINT));
    ::kill(::getpid(), SIGHUP);
  }
  ::signal(SIGHUP, SIG_DFL);
}

TEST_CASE("afterwards the signals do what they did before") {
  { SignalWatcher watcher(never, never); }
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) CHECK_FALSE(is_blocked(signal));
}

}  // namespace docker_sync
