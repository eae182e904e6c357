// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// One libssh session over a socket that we opened ourselves, and the handles of libssh as C++ types. Only the files
// ssh*.cc include it. A session is used by one thread at a time: first the one that connects, then SshChannel's.
#pragma once

#include <libssh/libssh.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/channel.h"
#include "base/subprocess.h"
#include "transport/ssh_settings.h"

namespace docker_sync {

template <auto kFree>
struct SshFree {
  template <typename T>
  void operator()(T* handle) const noexcept {
    kFree(handle);
  }
};

inline void end_ssh_session(ssh_session session) noexcept {
  ssh_disconnect(session);
  ssh_free(session);
}

using SshSessionHandle = std::unique_ptr<ssh_session_struct, SshFree<end_ssh_session>>;
using SshChannelHandle = std::unique_ptr<ssh_channel_struct, SshFree<ssh_channel_free>>;
using SshEventHandle = std::unique_ptr<ssh_event_struct, SshFree<ssh_event_free>>;
using SshKeyHandle = std::unique_ptr<ssh_key_struct, SshFree<ssh_key_free>>;
using SshTextHandle = std::unique_ptr<char, SshFree<ssh_string_free_char>>;

/// A session with all of `settings` in it, not connected. Throws ExitCode::usage, naming what libssh does not take.
[[nodiscard]] SshSessionHandle make_ssh_session(const SshSettings& settings);

class SshLink {
 public:
  /// Connects and exchanges keys; the host key is not checked yet. Throws ExitCode::connection.
  explicit SshLink(const SshSettings& settings);
  SshLink(SshLink&&) = delete;

  [[nodiscard]] ssh_session session() const { return session_.get(); }
  [[nodiscard]] bool is_connected() const { return ssh_is_connected(session_.get()) != 0; }

  /// Repeats `call` while it returns `again`, until the host hangs up or has not answered for `patience`: then the
  /// result is `again`. Left to itself, a blocking libssh sits out its timeout after the host has said goodbye.
  template <typename Call>
  int complete(Call call, int again, std::chrono::milliseconds patience) {
    ssh_set_blocking(session_.get(), 0);
    int result = call();
    while (result == again && wait_for_host(patience)) result = call();
    ssh_set_blocking(session_.get(), 1);
    return result;
  }

  /// What libssh says went wrong, fit for a message.
  [[nodiscard]] std::string failure() const;
  /// How long a packet takes to the host's TCP and back, at least so far; nothing where a proxy command is between us.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> round_trip() const;
  /// Bytes that the host's TCP has; nothing where a proxy command is between us.
  [[nodiscard]] std::optional<uint64_t> taken() const;
  /// Bytes on the socket, or on the pipe to the proxy command. To be called by the thread that uses the session.
  [[nodiscard]] Channel::Traffic traffic() const { return {counter_.out_bytes, counter_.in_bytes}; }
  /// To be called before waiting for the host: if little has come since, it may wait for us to say so.
  void acknowledge_little();

 private:
  [[nodiscard]] bool wait_for_host(std::chrono::milliseconds patience);

  std::unique_ptr<Subprocess> proxy_;  // outlives the session, whose end it waits for
  ssh_counter_struct counter_{};
  uint64_t received_before_wait_ = 0;
  SshSessionHandle session_;
};

}  // namespace docker_sync
