// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A file descriptor with one owner, and the system calls on it that the program uses, retried on EINTR and turned
// into Errors. No other room calls read(2) or write(2) itself.
#pragma once

#include <poll.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/io.h"

namespace docker_sync {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }
  void reset();
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }  ///< to a library that will close it
  [[nodiscard]] Fd duplicate() const;                             ///< close-on-exec

 private:
  int fd_ = -1;
};

/// As many open at once as this process may have, up to 65,536: the layers of one image may take more than 1024, with
/// which a login begins.
void allow_many_descriptors() noexcept;

struct Pipe {
  Fd read_end, write_end;
};
/// Both ends close-on-exec.
[[nodiscard]] Pipe make_pipe();
/// Gives a pipe 1 MiB, which is what Linux lets anyone have, so that who writes need not wait for the reader's turn. What
/// is none, or has to stay small, stays as it is.
void enlarge_pipe(const Fd& end) noexcept;

void set_nonblocking(const Fd& fd);

/// Reads once; 0 at the end, nothing if the descriptor is non-blocking and has nothing.
[[nodiscard]] std::optional<size_t> read_some(const Fd& fd, MutableBytes out);
/// Writes once; nothing if the descriptor is non-blocking and takes nothing. EPIPE is an Error like all others.
[[nodiscard]] std::optional<size_t> write_some(const Fd& fd, ByteView bytes);
/// Writes all, waiting where a non-blocking descriptor is full.
void write_all(const Fd& fd, ByteView bytes);
/// poll(2), retried on EINTR; false when `timeout` has passed. No timeout waits for ever.
bool wait_for(std::span<pollfd> descriptors, std::optional<std::chrono::milliseconds> timeout);

class FdSource : public Source {
 public:
  explicit FdSource(const Fd& fd) : fd_(&fd) {}
  [[nodiscard]] size_t read(MutableBytes out) override { return read_some(*fd_, out).value_or(0); }

 private:
  const Fd* fd_;
};

class FdSink : public Sink {
 public:
  explicit FdSink(const Fd& fd) : fd_(&fd) {}
  void write(ByteView bytes) override { write_all(*fd_, bytes); }

 private:
  const Fd* fd_;
};

/// The whole of a small file, or nothing if it does not exist. Throws if it is larger than `limit` bytes.
[[nodiscard]] std::optional<std::string> read_file(const std::string& path, size_t limit = 16 << 20);

}  // namespace docker_sync
