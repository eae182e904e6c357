// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/fd_channel.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"

namespace docker_sync {

FdChannel::FdChannel(Fd in, Fd out) : in_(std::move(in)), out_(std::move(out)), wake_(make_pipe()) {
  set_nonblocking(in_);
  if (out_) set_nonblocking(out_);
}

size_t FdChannel::read(MutableBytes out, std::chrono::milliseconds silence) {
  while (!closed_) {
    if (const auto count = read_some(in_, out)) {
      received_ += *count;
      return *count;
    }
    pollfd ready[] = {{in_.get(), POLLIN, 0}, {wake_.read_end.get(), POLLIN, 0}};
    if (!wait_for(ready, silence)) {
      throw Error(ExitCode::connection,
                  "nothing was heard from the other side for " + std::to_string(silence.count() / 1000) + " s",
                  "check the network and try again");
    }
  }
  return 0;
}

void FdChannel::write(ByteView bytes) {
  while (!bytes.empty()) {
    if (closed_) throw Error(ExitCode::connection, "the connection was closed");
    if (const auto count = write_some(out_, bytes)) {
      sent_ += *count;
      bytes = bytes.subspan(*count);
      continue;
    }
    pollfd ready[] = {{out_.get(), POLLOUT, 0}, {wake_.read_end.get(), POLLIN, 0}};
    wait_for(ready, std::nullopt);
  }
}

void FdChannel::finish_writing() {
  // A socket is shared by both directions; a pipe is not.
  if (::shutdown(out_.get(), SHUT_WR) != 0 && errno == ENOTSOCK) out_.reset();
}

void FdChannel::close() noexcept {
  if (closed_.exchange(true)) return;
  wake_.write_end.reset();
  // A socket may have other descriptors (the far end of ours, in tests the same process): shut it down for all.
  ::shutdown(in_.get(), SHUT_RDWR);
  if (out_) ::shutdown(out_.get(), SHUT_RDWR);
  // A pipe's peer sees the end only when the descriptor goes. Another thread may be using its number, so the number
  // must not become free for others: it is pointed at our own ended pipe instead.
  ::dup3(wake_.read_end.get(), in_.get(), O_CLOEXEC);
  if (out_) ::dup3(wake_.read_end.get(), out_.get(), O_CLOEXEC);
}

ChannelPair make_channel_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw_errno(ExitCode::internal, "cannot make a socket pair", errno);
  }
  Fd first(ends[0]), second(ends[1]);
  Fd first_out = first.duplicate(), second_out = second.duplicate();
  return {std::make_unique<FdChannel>(std::move(first), std::move(first_out)),
          std::make_unique<FdChannel>(std::move(second), std::move(second_out))};
}

}  // namespace docker_sync
