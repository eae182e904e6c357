// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/fd.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "base/error.h"

using namespace docker_sync;

namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
bool closes_on_exec(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }

/// A named file that is gone at the end of the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view text) : fd_(::mkstemp(path_.data())) {
    REQUIRE(fd_);
    write_all(fd_, as_bytes(text));
  }
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/docker-sync-fd-test-XXXXXX";
  Fd fd_;
};

}  // namespace

TEST_CASE("a descriptor has one owner, who closes it") {
  Pipe pipe = make_pipe();
  const int number = pipe.read_end.get();
  Fd moved = std::move(pipe.read_end);
  CHECK_FALSE(pipe.read_end);
  CHECK(moved.get() == number);
  Fd& self = moved;
  moved = std::move(self);
  CHECK(is_open(number));
  moved = Fd();
  CHECK_FALSE(is_open(number));
}

TEST_CASE("descriptors do not reach programs that we start") {
  const Pipe pipe = make_pipe();
  const Fd copy = pipe.read_end.duplicate();
  CHECK(copy.get() != pipe.read_end.get());
  for (const Fd* fd : {&pipe.read_end, &pipe.write_end, &copy}) CHECK(closes_on_exec(fd->get()));
  CHECK_THROWS_AS((void)Fd().duplicate(), Error);
}

TEST_CASE("an empty pipe has nothing, a closed one has ended") {
  Pipe pipe = make_pipe();
  set_nonblocking(pipe.read_end);
  Bytes out(10);
  CHECK(read_some(pipe.read_end, out) == std::nullopt);
  write_all(pipe.write_end, as_bytes("abc"));
  CHECK(read_some(pipe.read_end, out) == 3);
  pipe.write_end.reset();
  CHECK(read_some(pipe.read_end, out) == 0);
}

TEST_CASE("a full pipe takes nothing, until it is read") {
  Pipe pipe = make_pipe();
  set_nonblocking(pipe.write_end);
  const Bytes chunk(65'536);
  size_t taken = 0;
  while (const auto count = write_some(pipe.write_end, chunk)) taken += *count;
  CHECK(taken > 0);
  // write_all waits for the reader instead.
  std::thread writer([&] {
    write_all(pipe.write_end, chunk);
    pipe.write_end.reset();
  });
  FdSource source(pipe.read_end);
  MemorySink sink;
  CHECK(copy(source, sink) == taken + chunk.size());
  writer.join();
}

TEST_CASE("an enlarged pipe takes a megabyte before anyone has read") {
  const Pipe pipe = make_pipe();
  set_nonblocking(pipe.write_end);
  enlarge_pipe(pipe.read_end);
  const Bytes much(1 << 20);
  size_t taken = 0;
  while (const auto count = write_some(pipe.write_end, ByteView(much).subspan(taken))) {
    taken += *count;
    if (taken == much.size()) break;
  }
  CHECK(taken == much.size());
  enlarge_pipe(Fd());
}

TEST_CASE("writing to a pipe that nobody reads is an error, not the end of the program") {
  ::signal(SIGPIPE, SIG_IGN);
  Pipe pipe = make_pipe();
  pipe.read_end.reset();
  FdSink sink(pipe.write_end);
  try {
    sink.write(as_bytes("a"));
    FAIL("written to nobody");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::connection);
  }
}

TEST_CASE("a descriptor that is none is an error") {
  Bytes out(1);
  CHECK_THROWS_AS((void)read_some(Fd(), out), Error);
  CHECK_THROWS_AS((void)write_some(Fd(), out), Error);
  CHECK_THROWS_AS(set_nonblocking(Fd()), Error);
}

TEST_CASE("waiting ends when there is something, or when its time has passed") {
  Pipe pipe = make_pipe();
  pollfd ready{pipe.read_end.get(), POLLIN, 0};
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(wait_for({&ready, 1}, std::chrono::milliseconds(20)));
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(20));
  write_all(pipe.write_end, as_bytes("a"));
  CHECK(wait_for({&ready, 1}, std::nullopt));
  CHECK(wait_for({&ready, 1}, std::chrono::milliseconds(0)));
}

TEST_CASE("a small file is read whole, one that is not there is nothing") {
  const std::string text(100'000, 'x');
  const TemporaryFile file(text);
  CHECK(read_file(file.path()) == text);
  CHECK(read_file(file.path(), text.size()) == text);
  CHECK_THROWS_AS((void)read_file(file.path(), text.size() - 1), Error);
  CHECK(read_file("/nonexistent/file") == std::nullopt);
  CHECK(read_file(file.path() + "/below") == std::nullopt);
}

TEST_CASE("a folder is no file, and the error names it") {
  try {
    (void)read_file("/tmp");
    FAIL("read a folder");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    CHECK(error.failure() == "cannot read /tmp: Is a directory");
  }
}

TEST_CASE("a released descriptor stays open and belongs to nobody") {
  Pipe pipe = make_pipe();
  const int number = pipe.read_end.release();
  CHECK_FALSE(pipe.read_end);
  const Fd again(number);
  write_all(pipe.write_end, as_bytes("x"));
  uint8_t byte = 0;
  CHECK(read_some(again, {&byte, 1}) == 1);
}
