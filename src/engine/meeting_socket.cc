// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/meeting_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"

namespace docker_sync {

namespace {

/// Not where TMPDIR says: the engine has to see it as well.
constexpr const char* kFolder = "/tmp/docker-sync.XXXXXX";
/// Within the folder: the one who comes is root, but one without the right to pass over other users' modes.
constexpr mode_t kMode = 0666;

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

Fd make_socket(int flags) { return Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0)); }

}  // namespace

MeetingSocket::MeetingSocket() : folder_(kFolder), socket_(make_socket(SOCK_NONBLOCK)) {
  if (::mkdtemp(folder_.data()) == nullptr) throw_errno(ExitCode::disk, "cannot make a folder in /tmp", errno);
  const std::string path = folder_ + "/" + kName;
  const sockaddr_un address = address_of(path);
  if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::chmod(path.c_str(), kMode) == 0 && ::listen(socket_.get(), 1) == 0) {
    return;
  }
  const int why = errno;
  ::unlink(path.c_str());
  ::rmdir(folder_.c_str());
  throw_errno(ExitCode::disk, "cannot listen in " + folder_, why);
}

MeetingSocket::~MeetingSocket() {
  ::unlink((folder_ + "/" + kName).c_str());
  ::rmdir(folder_.c_str());
}

Fd MeetingSocket::accept() const { return Fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)); }

Fd MeetingSocket::connect(const std::string& path) {
  Fd socket = make_socket(0);
  const sockaddr_un address = address_of(path);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return socket;
}

}  // namespace docker_sync
