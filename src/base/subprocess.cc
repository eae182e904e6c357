// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/subprocess.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "base/error.h"

extern char** environ;

namespace docker_sync {

namespace {

constexpr std::chrono::milliseconds kPollEvery{5};
constexpr int kStatusLost = 255;  // We were started with SIGCHLD ignored: the kernel reaps our children itself.

int exit_status(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

struct SpawnActions {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  explicit SpawnActions(bool own_group) {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    // The program blocks the signals that it waits for in a thread of its own: a child must not inherit that.
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    sigset_t all_default;
    sigemptyset(&all_default);
    sigaddset(&all_default, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &all_default);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (own_group ? POSIX_SPAWN_SETPGROUP : 0));
  }
  ~SpawnActions() {
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
};

}  // namespace

Subprocess::Subprocess(const std::vector<std::string>& arguments, Streams streams) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  SpawnActions spawn(streams.own_group);
  Pipe in, out, err;
  if (streams.socket) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      throw_errno(ExitCode::internal, "cannot make a socket pair", errno);
    }
    in = {Fd(ends[0]), Fd(ends[1])};
    posix_spawn_file_actions_adddup2(&spawn.actions, in.read_end.get(), 0);
    posix_spawn_file_actions_adddup2(&spawn.actions, in.read_end.get(), 1);
  } else if (streams.input) {
    in = make_pipe();
    posix_spawn_file_actions_adddup2(&spawn.actions, in.read_end.get(), 0);
  }
  if (streams.output && !streams.socket) {
    out = make_pipe();
    posix_spawn_file_actions_adddup2(&spawn.actions, out.write_end.get(), 1);
  }
  if (streams.error) {
    err = make_pipe();
    posix_spawn_file_actions_adddup2(&spawn.actions, err.write_end.get(), 2);
  }
  const int failure = ::posix_spawnp(&pid_, argv[0], &spawn.actions, &spawn.attributes, argv.data(), environ);
  if (failure != 0) throw_errno(ExitCode::usage, "cannot run " + arguments.front(), failure);
  input = std::move(in.write_end);
  output = std::move(out.read_end);
  error = std::move(err.read_end);
}

Subprocess::~Subprocess() {
  input.reset();
  output.reset();
  error.reset();
  if (ends_within(std::chrono::seconds(2))) return;
  signal(SIGTERM);
  if (ends_within(std::chrono::seconds(2))) return;
  signal(SIGKILL);
  while (!poll_status()) std::this_thread::sleep_for(kPollEvery);
}

void Subprocess::signal(int number) const noexcept {
  if (pid_ > 0 && !status_) ::kill(pid_, number);
}

int Subprocess::wait() {
  int raw = 0;
  while (!status_) {
    if (::waitpid(pid_, &raw, 0) == pid_) {
      status_ = exit_status(raw);
    } else if (errno != EINTR) {
      throw_errno(ExitCode::internal, "cannot wait for a child process", errno);
    }
  }
  return *status_;
}

std::optional<int> Subprocess::poll_status() {
  int raw = 0;
  const pid_t ended = status_ ? 0 : ::waitpid(pid_, &raw, WNOHANG);
  if (ended == pid_) status_ = exit_status(raw);
  if (ended < 0 && errno == ECHILD) status_ = kStatusLost;
  return status_;
}

bool Subprocess::ends_within(std::chrono::milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  while (!poll_status()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(kPollEvery);
  }
  return true;
}

}  // namespace docker_sync
