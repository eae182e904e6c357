// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/engine_stream.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/fd.h"

namespace docker_sync {

namespace {

/// For messages. The passwd database is not asked: a static program cannot load its modules.
std::string user_name() {
  if (::geteuid() == 0) return "root";
  for (const char* variable : {"LOGNAME", "USER"}) {
    if (const char* name = std::getenv(variable); name != nullptr && *name != '\0') return name;
  }
  return fmt::format("user {}", ::geteuid());
}

[[noreturn]] void throw_unreachable(const std::string& path, int errno_value) {
  if (errno_value == EACCES || errno_value == EPERM) {
    const std::string user = user_name();
    throw Error(ExitCode::engine, fmt::format("{} may not use {}", user, path),
                fmt::format("add the user to the docker group (sudo usermod -aG docker {}) and log in again", user));
  }
  if (errno_value == ENOENT || errno_value == ENOTDIR || errno_value == ECONNREFUSED) {
    throw Error(ExitCode::engine, "no Docker here, or its daemon is not running: nothing listens on " + path,
                "start it (sudo systemctl start docker), or say where it listens with DOCKER_HOST");
  }
  throw_errno(ExitCode::engine, "cannot connect to " + path, errno_value);
}

class SocketStream : public EngineStream {
 public:
  explicit SocketStream(Fd socket) : socket_(std::move(socket)) { set_nonblocking(socket_); }

  std::optional<size_t> read_some(MutableBytes out) override {
    while (true) {
      const ssize_t count = ::recv(socket_.get(), out.data(), out.size(), 0);
      if (count >= 0) return static_cast<size_t>(count);
      if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
      if (errno == ECONNRESET) return 0;
      if (errno != EINTR) throw_errno(ExitCode::engine, "cannot read from the engine", errno);
    }
  }

  std::optional<size_t> write_some(ByteView bytes) override {
    while (true) {
      // Not write(2): an engine that goes away must not raise SIGPIPE, whatever the program did about signals.
      const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count >= 0) return static_cast<size_t>(count);
      if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
      if (errno == EPIPE || errno == ECONNRESET) throw EngineGone();
      if (errno != EINTR) throw_errno(ExitCode::engine, "cannot write to the engine", errno);
    }
  }

  bool wait(Wait what, std::optional<std::chrono::milliseconds> timeout) override {
    pollfd ready{socket_.get(), 0, 0};
    if (what != Wait::writing) ready.events |= POLLIN;
    if (what != Wait::reading) ready.events |= POLLOUT;
    return wait_for({&ready, 1}, timeout);
  }

  void finish_writing() override { ::shutdown(socket_.get(), SHUT_WR); }
  void close() noexcept override { ::shutdown(socket_.get(), SHUT_RDWR); }

 private:
  Fd socket_;
};

}  // namespace

std::unique_ptr<EngineStream> make_socket_stream(Fd socket) {
  return std::make_unique<SocketStream>(std::move(socket));
}

std::unique_ptr<EngineStream> connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    throw Error(ExitCode::usage,
                fmt::format("the socket path '{}' must have 1 to {} characters", path, sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, path.data(), path.size());

  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) throw_errno(ExitCode::internal, "cannot make a socket", errno);
  // Connected while it still blocks: a full backlog of a busy daemon is waited for, not an error.
  while (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno != EINTR) throw_unreachable(path, errno);
  }
  return make_socket_stream(std::move(socket));
}

}  // namespace docker_sync
