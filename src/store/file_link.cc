// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/file_link.h"

#include <sys/socket.h>

#include <cassert>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace docker_sync {

namespace {

/// Nobody asks anything while an image is sent, which may take days.
constexpr std::chrono::milliseconds kSilence = std::chrono::hours(24 * 14);

/// A message with room for one file.
class Message {
 public:
  Message(void* bytes, size_t count) : run_{bytes, count} {
    head_.msg_iov = &run_;
    head_.msg_iovlen = 1;
  }
  [[nodiscard]] msghdr* head() { return &head_; }
  void make_room() {
    head_.msg_control = control_;
    head_.msg_controllen = sizeof control_;
  }
  void put(const Fd& file) {
    make_room();
    cmsghdr* rights = CMSG_FIRSTHDR(&head_);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    const int fd = file.get();
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  }
  [[nodiscard]] Fd take() {
    const cmsghdr* rights = CMSG_FIRSTHDR(&head_);
    if (rights == nullptr || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) return {};
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(rights), sizeof fd);
    return Fd(fd);
  }

 private:
  iovec run_;
  msghdr head_{};
  alignas(cmsghdr) char control_[CMSG_SPACE(sizeof(int))]{};
};

class SocketLink : public FileLink {
 public:
  explicit SocketLink(Fd socket) : socket_(std::move(socket)) {}

  [[nodiscard]] bool takes_files() const override { return true; }

  void send(ByteView bytes, const Fd& file) override {
    for (bool has_sent = false; !bytes.empty(); has_sent = true) {
      Message message(const_cast<uint8_t*>(bytes.data()), bytes.size());
      if (file && !has_sent) message.put(file);
      const ssize_t count = retried([&] { return ::sendmsg(socket_.get(), message.head(), MSG_NOSIGNAL); });
      bytes = bytes.subspan(static_cast<size_t>(count));
    }
  }

  [[nodiscard]] bool receive(MutableBytes out, Fd& file) override {
    while (!out.empty()) {
      Message message(out.data(), out.size());
      message.make_room();
      const ssize_t count = retried([&] { return ::recvmsg(socket_.get(), message.head(), MSG_CMSG_CLOEXEC); });
      if (Fd came = message.take()) file = std::move(came);
      if (count == 0) return false;
      out = out.subspan(static_cast<size_t>(count));
    }
    return true;
  }

  void close() noexcept override { ::shutdown(socket_.get(), SHUT_RDWR); }

 private:
  template <class Call>
  static ssize_t retried(const Call& call) {
    for (;;) {
      const ssize_t count = call();
      if (count >= 0) return count;
      if (errno != EINTR) throw_errno(ExitCode::connection, "a socket broke", errno);
    }
  }

  const Fd socket_;
};

class ChannelLink : public FileLink {
 public:
  explicit ChannelLink(std::unique_ptr<Channel> channel) : channel_(std::move(channel)) {}

  [[nodiscard]] bool takes_files() const override { return false; }
  void send(ByteView bytes, [[maybe_unused]] const Fd& file) override {
    assert(!file);
    channel_->write(bytes);
  }
  [[nodiscard]] bool receive(MutableBytes out, Fd& /*file*/) override {
    while (!out.empty()) {
      const size_t count = channel_->read(out, kSilence);
      if (count == 0) return false;
      out = out.subspan(count);
    }
    return true;
  }
  void close() noexcept override { channel_->close(); }

 private:
  const std::unique_ptr<Channel> channel_;
};

}  // namespace

std::unique_ptr<FileLink> link_by_socket(Fd socket) { return std::make_unique<SocketLink>(std::move(socket)); }

std::unique_ptr<FileLink> link_by_channel(std::unique_ptr<Channel> channel) {
  return std::make_unique<ChannelLink>(std::move(channel));
}

}  // namespace docker_sync
