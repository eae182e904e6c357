// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A Channel over one exec of an SSH session. One thread owns the session and keeps it non-blocking: it moves bytes
// between libssh and two bounded queues, and drains standard error. A blocking ssh_channel_write() would hang for
// good as soon as both sides have more to say than the windows hold.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/channel.h"
#include "base/text_tail.h"
#include "transport/best_rate.h"
#include "transport/byte_queue.h"
#include "transport/in_flight_limit.h"
#include "transport/ssh_link.h"

namespace docker_sync {

/// Memory: up to 1 MiB that waits to be sent, and three windows of 4 MiB of what came.
class SshChannel : public Channel {
 public:
  /// Starts `command_line` over `link`, whose user is logged in. Throws ExitCode::connection.
  SshChannel(std::unique_ptr<SshLink> link, const std::string& command_line);
  ~SshChannel() override;

  [[nodiscard]] size_t read(MutableBytes out, std::chrono::milliseconds silence) override;
  void write(ByteView bytes) override;
  void finish_writing() override;
  void close() noexcept override;
  [[nodiscard]] Traffic traffic() const override { return {sent_, received_}; }
  [[nodiscard]] uint64_t best_rate() const override { return best_rate_; }
  [[nodiscard]] std::string diagnostics() const override;

 private:
  void start(const std::string& command_line);
  // All below runs in the thread that owns the session.
  void own_session();
  void send();
  void send_end();
  void stop_sending();
  void receive();
  void receive_errors();
  void break_off(const std::string& why);
  void wait_for_event();
  void wake() noexcept;

  std::unique_ptr<SshLink> link_;
  SshChannelHandle channel_;
  SshEventHandle event_;
  Fd wake_;  ///< an eventfd that ends the session thread's poll

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  ByteQueue outgoing_, incoming_;
  bool writing_finished_ = false, closed_ = false;
  bool peer_finished_ = false;   ///< it will send no more
  bool ended_ = false;           ///< it will read no more
  bool waits_for_room_ = false;  ///< the session thread has more for `incoming_`
  std::string broken_;           ///< why the link ended before its time
  TextTail diagnostics_;
  std::atomic<uint64_t> sent_ = 0, received_ = 0, best_rate_ = 0;
  std::atomic<bool> woken_ = false;

  // Of the session thread alone.
  BestRate rate_;
  InFlightLimit in_flight_;
  Bytes chunk_;
  size_t chunk_begin_ = 0;
  std::unique_ptr<uint8_t[]> window_;
  size_t received_since_growth_;
  bool end_sent_ = false, progress_ = false;

  std::thread owner_;
};

}  // namespace docker_sync
