// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/tcp.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/error.h"

namespace docker_sync {

namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Addresses resolve(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(host.c_str(), port.empty() ? nullptr : port.c_str(), &hints, &found);
  if (failure == EAI_NONAME || failure == EAI_NODATA || failure == EAI_ADDRFAMILY) {
    throw Error(ExitCode::connection, "unknown host '" + host + "'", "check the name, or give it in ~/.ssh/config");
  }
  if (failure != 0) {
    const std::string why = failure == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(failure);
    throw Error(ExitCode::connection, "cannot resolve host '" + host + "': " + why, "check the network and its DNS");
  }
  return {found, &::freeaddrinfo};
}

void set_on(const Fd& fd, int level, int option) {
  const int on = 1;
  ::setsockopt(fd.get(), level, option, &on, sizeof on);
}

/// 0, or the errno of what went wrong.
int bind_to(const Fd& fd, const std::string& bind_address, int family) {
  const Addresses addresses = resolve(bind_address, "");
  int failure = EADDRNOTAVAIL;
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    if (address->ai_family != family) continue;
    if (::bind(fd.get(), address->ai_addr, address->ai_addrlen) == 0) return 0;
    failure = errno;
  }
  return failure;
}

int connect_one(const Fd& fd, const addrinfo& address, std::chrono::milliseconds timeout) {
  set_nonblocking(fd);
  if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd ready{fd.get(), POLLOUT, 0};
  if (!wait_for({&ready, 1}, timeout)) return ETIMEDOUT;
  int failure = 0;
  socklen_t size = sizeof failure;
  return ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failure, &size) == 0 ? failure : errno;
}

[[noreturn]] void refuse(const std::string& port, int failure) {
  const std::string doing = "cannot connect to port " + port + ": ";
  switch (failure) {
    case ECONNREFUSED:
      throw Error(ExitCode::connection, doing + "refused", "is an SSH server running there, and on that port?");
    case ETIMEDOUT:
      throw Error(ExitCode::connection, doing + "no answer in time", "is the host up, and no firewall between?");
    default:
      throw Error(ExitCode::connection, doing + std::strerror(failure), "check the network");
  }
}

}  // namespace

Fd connect_tcp(const std::string& host, uint16_t port, const std::string& bind_address,
               std::chrono::milliseconds timeout) {
  const std::string port_text = std::to_string(port);
  const Addresses addresses = resolve(host, port_text);
  int failure = EADDRNOTAVAIL;
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    Fd fd(::socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, address->ai_protocol));
    if (!fd) {
      failure = errno;
      continue;
    }
    failure = bind_address.empty() ? 0 : bind_to(fd, bind_address, address->ai_family);
    if (failure == 0) failure = connect_one(fd, *address, timeout);
    if (failure == 0) {
      set_on(fd, IPPROTO_TCP, TCP_NODELAY);
      set_on(fd, SOL_SOCKET, SO_KEEPALIVE);
      return fd;
    }
  }
  refuse(port_text, failure);
}

void acknowledge(int fd) noexcept {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

}  // namespace docker_sync
