// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <string>

#include "base/fd.h"

using namespace docker_sync;

namespace {

/// What `work` writes to standard error, at most what a pipe holds.
std::string logged(LogLevel level, auto work) {
  Pipe pipe = make_pipe();
  const Fd saved(::dup(STDERR_FILENO));
  ::dup2(pipe.write_end.get(), STDERR_FILENO);
  pipe.write_end.reset();
  set_log_level(level);
  work();
  set_log_level(LogLevel::warnings);
  ::dup2(saved.get(), STDERR_FILENO);
  FdSource source(pipe.read_end);
  MemorySink sink;
  copy(source, sink);
  return std::string(as_text(sink.bytes()));
}

void say_both() {
  warn("careful");
  verbose("doing");
}

}  // namespace

TEST_CASE("each level shows its lines and those above") {
  CHECK(logged(LogLevel::quiet, say_both).empty());
  CHECK(logged(LogLevel::warnings, say_both) == "docker-sync: careful\n");
  CHECK(logged(LogLevel::verbose, say_both) == "docker-sync: careful\ndocker-sync: doing\n");
}

TEST_CASE("a line stays a line, and a terminal obeys nothing in it") {
  CHECK(logged(LogLevel::warnings, [] { warn("a\nb\x1b[2J"); }) == "docker-sync: a b [2J\n");
}

TEST_CASE("what is logged takes the place of progress that is shown") {
  CHECK(logged(LogLevel::warnings, [] {
          set_progress_shown(true);
          warn("careful");
          set_progress_shown(false);
          warn("again");
        }) == "\r\033[Kdocker-sync: careful\ndocker-sync: again\n");
}
