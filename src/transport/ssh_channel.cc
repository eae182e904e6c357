// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/ssh_channel.h"

#include <signal.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "base/error.h"

namespace docker_sync {

namespace {

constexpr size_t kQueueBytes = 1 << 20;
/// How far the host may be ahead of us. libssh keeps 1.25 MB, which over 50 ms is 25 MB/s.
constexpr size_t kWindowBytes = 4 << 20;
constexpr size_t kChunkBytes = 64 << 10;
constexpr int kMaxRounds = 64;  // of one task before the others have their turn, however fast the host is
constexpr std::chrono::minutes kPatience(1);
constexpr std::chrono::hours kLongest(24);  // a wait that cannot overflow the clock

int drain_eventfd(socket_t fd, int, void*) {
  eventfd_t count = 0;
  ::eventfd_read(fd, &count);
  return 0;
}

Error lost(const std::string& why) {
  return {ExitCode::connection, "the connection was lost: " + why, "check the network and try again"};
}

}  // namespace

SshChannel::SshChannel(std::unique_ptr<SshLink> link, const std::string& command_line)
    : link_(std::move(link)),
      event_(ssh_event_new()),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      outgoing_(kQueueBytes),
      incoming_(kQueueBytes + kWindowBytes),
      window_(new uint8_t[kWindowBytes]),
      received_since_growth_(kWindowBytes) {
  if (!wake_) throw_errno(ExitCode::internal, "cannot make an eventfd", errno);
  start(command_line);
  ssh_set_blocking(link_->session(), 0);
  if (!event_ || ssh_event_add_fd(event_.get(), wake_.get(), POLLIN, drain_eventfd, nullptr) != SSH_OK ||
      ssh_event_add_session(event_.get(), link_->session()) != SSH_OK) {
    throw Error(ExitCode::internal, "libssh gives no event loop");
  }
  // Signals are for the thread that waits for them.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  owner_ = std::thread([this] { own_session(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

SshChannel::~SshChannel() {
  close();
  owner_.join();
}

void SshChannel::start(const std::string& command_line) {
  channel_.reset(ssh_channel_new(link_->session()));
  const auto complete = [&](auto call) {
    if (channel_ && link_->complete(call, SSH_AGAIN, kPatience) == SSH_OK) return;
    throw Error(ExitCode::connection, "the host does not run commands: " + link_->failure(),
                "does its SSH server allow this user to run commands?");
  };
  complete([&] { return ssh_channel_open_session(channel_.get()); });
  const auto asked = std::chrono::steady_clock::now();
  complete([&] { return ssh_channel_request_exec(channel_.get(), command_line.c_str()); });
  const auto answer = std::chrono::steady_clock::now() - asked;
  in_flight_ = InFlightLimit(ssh_get_openssh_version(link_->session()), link_->round_trip().value_or(answer), answer);
}

size_t SshChannel::read(MutableBytes out, std::chrono::milliseconds silence) {
  std::unique_lock lock(mutex_);
  const auto something = [this] { return !incoming_.empty() || peer_finished_ || closed_ || !broken_.empty(); };
  if (!changed_.wait_for(lock, std::min<std::chrono::milliseconds>(silence, kLongest), something)) {
    throw Error(ExitCode::connection,
                "nothing was heard from the host for " + std::to_string(silence.count() / 1000) + " s",
                "check the network and try again");
  }
  if (closed_) return 0;
  if (!incoming_.empty()) {
    const size_t count = incoming_.pop(out);
    if (waits_for_room_ && incoming_.room() >= kWindowBytes) wake();
    return count;
  }
  if (peer_finished_) return 0;
  throw lost(broken_);
}

void SshChannel::write(ByteView bytes) {
  while (!bytes.empty()) {
    std::unique_lock lock(mutex_);
    assert(!writing_finished_);
    changed_.wait(lock, [this] { return outgoing_.room() > 0 || closed_ || ended_ || !broken_.empty(); });
    if (closed_) throw Error(ExitCode::connection, "the connection was closed");
    if (!broken_.empty()) throw lost(broken_);
    if (ended_) throw Error(ExitCode::connection, "the command on the host has ended");
    const size_t count = std::min(bytes.size(), outgoing_.room());
    outgoing_.push(bytes.first(count));
    bytes = bytes.subspan(count);
    wake();
  }
}

void SshChannel::finish_writing() {
  const std::lock_guard lock(mutex_);
  writing_finished_ = true;
  wake();
}

void SshChannel::close() noexcept {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
  wake();
}

std::string SshChannel::diagnostics() const {
  const std::lock_guard lock(mutex_);
  return diagnostics_.text();
}

void SshChannel::wake() noexcept {
  if (!woken_.exchange(true)) ::eventfd_write(wake_.get(), 1);
}

void SshChannel::own_session() {
  while (true) {
    woken_.exchange(false);  // from here on, whatever changes wakes us again
    progress_ = false;
    send();
    receive();
    receive_errors();
    const Traffic traffic = link_->traffic();
    // Each of the three may have made libssh take packets in that another of them waits for.
    if (received_ != traffic.received) progress_ = true;
    sent_ = traffic.sent;
    received_ = traffic.received;
    if (const auto taken = link_->taken()) rate_.note(std::chrono::steady_clock::now(), *taken);
    best_rate_ = rate_.bytes_per_second();
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || !broken_.empty()) break;
    }
    wait_for_event();
  }
  ssh_event_remove_fd(event_.get(), wake_.get());  // ssh_event_free() forgets what it is for
  ssh_event_remove_session(event_.get(), link_->session());
  channel_.reset();
  link_.reset();
}

void SshChannel::wait_for_event() {
  // libssh may poll within its own calls and so swallow our eventfd: hence the flag.
  const int timeout_ms = progress_ || woken_ ? 0 : -1;
  if (timeout_ms != 0) link_->acknowledge_little();
  if (ssh_event_dopoll(event_.get(), timeout_ms) == SSH_ERROR && ssh_is_connected(link_->session()) == 0) {
    break_off(link_->failure());
  }
}

void SshChannel::send() {
  // Without window there would be nothing to try, and so nothing to fail.
  if (ssh_channel_is_closed(channel_.get()) != 0) return stop_sending();
  for (int round = 0; round < kMaxRounds; ++round) {
    if (chunk_begin_ == chunk_.size()) {
      const std::lock_guard lock(mutex_);
      chunk_.resize(kChunkBytes);
      chunk_.resize(outgoing_.pop(chunk_));
      chunk_begin_ = 0;
      if (!chunk_.empty()) changed_.notify_all();
    }
    if (chunk_.empty()) return send_end();
    // What libssh has not got rid of stays in a buffer of its own without a bound: never more than one chunk there.
    if ((ssh_get_poll_flags(link_->session()) & SSH_WRITE_PENDING) != 0) return;
    const auto now = std::chrono::steady_clock::now();
    const size_t share = in_flight_.share(now, ssh_channel_window_size(channel_.get()));
    const size_t count = std::min(chunk_.size() - chunk_begin_, share);
    if (count == 0) return;
    const int written = ssh_channel_write(channel_.get(), chunk_.data() + chunk_begin_, static_cast<uint32_t>(count));
    if (written < 0) return stop_sending();
    if (written == 0) return;
    in_flight_.sent(now, static_cast<size_t>(written));
    chunk_begin_ += static_cast<size_t>(written);
    progress_ = true;
  }
}

void SshChannel::send_end() {
  const std::lock_guard lock(mutex_);
  if (!writing_finished_ || end_sent_ || !outgoing_.empty()) return;
  end_sent_ = true;
  ssh_channel_send_eof(channel_.get());
}

void SshChannel::stop_sending() {
  if (ssh_is_connected(link_->session()) == 0) return break_off(link_->failure());
  const std::lock_guard lock(mutex_);
  ended_ = true;
  outgoing_.clear();
  chunk_.clear();
  chunk_begin_ = 0;
  changed_.notify_all();
}

void SshChannel::receive() {
  while (true) {
    const int available = ssh_channel_poll(channel_.get(), 0);
    if (available == 0) return;
    // Who reads the end asks for the last words next.
    if (available == SSH_EOF) receive_errors();
    const std::lock_guard lock(mutex_);
    if (available == SSH_EOF) {
      peer_finished_ = true;
      changed_.notify_all();
      return;
    }
    if (available < 0) break;
    waits_for_room_ = incoming_.room() < kWindowBytes;
    if (waits_for_room_) return;
    // libssh grows the window only to what one read asks for, or to its own 1.25 MB.
    const bool grow = received_since_growth_ >= kWindowBytes / 4;
    const size_t wanted = grow ? kWindowBytes : std::min<size_t>(static_cast<size_t>(available), kWindowBytes);
    const int count = ssh_channel_read(channel_.get(), window_.get(), static_cast<uint32_t>(wanted), 0);
    if (count == 0 || count == SSH_AGAIN) return;
    if (count < 0) break;
    received_since_growth_ = (grow ? 0 : received_since_growth_) + static_cast<size_t>(count);
    incoming_.push({window_.get(), static_cast<size_t>(count)});
    changed_.notify_all();
    progress_ = true;
  }
  break_off(link_->failure());
}

void SshChannel::receive_errors() {
  char text[4096];
  for (int round = 0; round < kMaxRounds; ++round) {
    const int count = ssh_channel_read_nonblocking(channel_.get(), text, sizeof text, 1);
    if (count <= 0) return;
    progress_ = true;
    const std::lock_guard lock(mutex_);
    diagnostics_.append({text, static_cast<size_t>(count)});
  }
}

void SshChannel::break_off(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (broken_.empty()) broken_ = why;
  changed_.notify_all();
}

}  // namespace docker_sync
