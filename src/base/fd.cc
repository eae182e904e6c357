// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/fd.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "base/error.h"

namespace docker_sync {

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Fd::reset() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Fd Fd::duplicate() const {
  const int copy = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw_errno(ExitCode::internal, "cannot duplicate a file descriptor", errno);
  return Fd(copy);
}

void allow_many_descriptors() noexcept {
  constexpr rlim_t kEnough = 65'536;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kEnough) return;
  limit.rlim_cur = std::min(limit.rlim_max, kEnough);
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno(ExitCode::internal, "cannot make a pipe", errno);
  return {Fd(ends[0]), Fd(ends[1])};
}

void enlarge_pipe(const Fd& end) noexcept { ::fcntl(end.get(), F_SETPIPE_SZ, 1 << 20); }

void set_nonblocking(const Fd& fd) {
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    throw_errno(ExitCode::internal, "cannot make a file descriptor non-blocking", errno);
  }
}

std::optional<size_t> read_some(const Fd& fd, MutableBytes out) {
  while (true) {
    const ssize_t count = ::read(fd.get(), out.data(), out.size());
    if (count >= 0) return static_cast<size_t>(count);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    if (errno != EINTR) throw_errno(ExitCode::connection, "cannot read", errno);
  }
}

std::optional<size_t> write_some(const Fd& fd, ByteView bytes) {
  while (true) {
    const ssize_t count = ::write(fd.get(), bytes.data(), bytes.size());
    if (count >= 0) return static_cast<size_t>(count);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    if (errno != EINTR) throw_errno(ExitCode::connection, "cannot write", errno);
  }
}

void write_all(const Fd& fd, ByteView bytes) {
  while (!bytes.empty()) {
    if (const auto count = write_some(fd, bytes)) {
      bytes = bytes.subspan(*count);
    } else {
      pollfd ready{fd.get(), POLLOUT, 0};
      wait_for({&ready, 1}, std::nullopt);
    }
  }
}

bool wait_for(std::span<pollfd> descriptors, std::optional<std::chrono::milliseconds> timeout) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + timeout.value_or(std::chrono::milliseconds(0));
  while (true) {
    int wait_ms = -1;
    if (timeout) {
      // Rounded up: a wait must not end before its time.
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      wait_ms = static_cast<int>(std::clamp<int64_t>(left.count(), 0, INT_MAX));
    }
    const int count = ::poll(descriptors.data(), descriptors.size(), wait_ms);
    if (count > 0) return true;
    if (count == 0) return false;
    if (errno != EINTR) throw_errno(ExitCode::internal, "cannot poll", errno);
  }
}

std::optional<std::string> read_file(const std::string& path, size_t limit) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw_errno(ExitCode::usage, "cannot open " + path, errno);
  }
  std::string text;
  char buffer[16384];
  while (true) {
    const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(ExitCode::usage, "cannot read " + path, errno);
    text.append(buffer, static_cast<size_t>(count));
    if (text.size() > limit) throw Error(ExitCode::usage, path + " is larger than it can be");
  }
}

}  // namespace docker_sync
