// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/subprocess.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "base/error.h"

using namespace docker_sync;

namespace {

std::string read_all(const Fd& fd) {
  FdSource source(fd);
  MemorySink sink;
  copy(source, sink);
  return std::string(as_text(sink.bytes()));
}

}  // namespace

TEST_CASE("a child reads what we write and we read what it writes") {
  Subprocess child({"cat"}, {});
  write_all(child.input, as_bytes("through a pipe"));
  child.input.reset();
  CHECK(read_all(child.output) == "through a pipe");
  CHECK(child.wait() == 0);
  CHECK(child.wait() == 0);
}

TEST_CASE("a child may have one socket for input and output") {
  Subprocess child({"sh", "-c", "read line; echo \"got $line\""}, {.socket = true});
  CHECK_FALSE(child.output);
  write_all(child.input, as_bytes("a line\n"));
  CHECK(read_all(child.input) == "got a line\n");
  CHECK(child.wait() == 0);
  CHECK(child.poll_status() == 0);
}

TEST_CASE("a child's standard error has a pipe of its own when asked for") {
  Subprocess child({"sh", "-c", "echo out; echo err >&2"}, {.error = true});
  CHECK(read_all(child.output) == "out\n");
  CHECK(read_all(child.error) == "err\n");
}

TEST_CASE("arguments reach the child as they are, without a shell") {
  Subprocess child({"printf", "%s|", "$HOME", "a b", "'\"`;*", ""}, {.input = false});
  CHECK_FALSE(child.input);
  CHECK(read_all(child.output) == "$HOME|a b|'\"`;*||");
}

TEST_CASE("the exit status is the child's, or tells the signal that ended it") {
  CHECK(Subprocess({"sh", "-c", "exit 7"}, {}).wait() == 7);
  CHECK(Subprocess({"sh", "-c", "kill -TERM $$"}, {}).wait() == 128 + SIGTERM);
  Subprocess child({"sleep", "1000"}, {});
  child.signal(SIGKILL);
  CHECK(child.wait() == 128 + SIGKILL);
  child.signal(SIGKILL);  // Nobody is hit: the number may be another process by now.
}

TEST_CASE("a program that is not there is the user's error") {
  try {
    Subprocess child({"/nonexistent/program"}, {});
    FAIL("started");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    CHECK(error.failure() == "cannot run /nonexistent/program: No such file or directory");
  }
}

TEST_CASE("a child starts with the signals as a user's shell has them") {
  sigset_t term, before;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &term, &before);
  ::signal(SIGPIPE, SIG_IGN);
  Subprocess child({"grep", "-E", "SigBlk|SigIgn", "/proc/self/status"}, {});
  const std::string status = read_all(child.output);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  CHECK(status.find("SigBlk:\t0000000000000000") != std::string::npos);
  const auto ignored = std::stoull(status.substr(status.find("SigIgn:") + 7), nullptr, 16);
  CHECK((ignored & uint64_t{1} << (SIGPIPE - 1)) == 0);
}

TEST_CASE("descriptors of one child do not keep another waiting") {
  Subprocess first({"cat"}, {});
  const Subprocess second({"cat"}, {});  // Were the first one's pipe open in it, the first would never see its end.
  first.input.reset();
  CHECK(read_all(first.output).empty());
  CHECK(first.wait() == 0);
}

TEST_CASE("leaving a child behind ends it, even one that will not go") {
  pid_t polite = 0, deaf = 0;
  {
    const Subprocess child({"cat"}, {});
    polite = child.pid();
  }
  CHECK(::kill(polite, 0) != 0);
  {
    const Subprocess child({"sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"}, {});
    Bytes ready(6);
    CHECK(read_some(child.output, ready) == 6);
    deaf = child.pid();
  }
  CHECK(::kill(deaf, 0) != 0);
}

TEST_CASE("a child that the kernel reaped itself is no reason to hang or to abort") {
  const auto before = ::signal(SIGCHLD, SIG_IGN);
  {
    const Subprocess child({"true"}, {});
    CHECK(read_all(child.output).empty());
  }
  ::signal(SIGCHLD, before);
}
