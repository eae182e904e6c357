// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The stream of bytes between us and an engine: a socket here; TLS is made where it is needed (reach/tls_stream.h),
// since the helper does without. It never blocks but in wait(), so that whoever sends a gigabyte also sees what the
// engine answers meanwhile. HTTP (http.h) stands on it. Asio's sockets were left aside: their resolver has no place in
// a static program, and a deadline on them wants an event loop.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "base/fd.h"

namespace docker_sync {

/// The engine has gone away. Apart from other errors because a sender then looks for the reason in what it may still
/// read, and because a kept connection that the engine closed while it was idle is opened again.
class EngineGone : public Error {
 public:
  EngineGone() : Error(ExitCode::engine, "the engine closed the connection", "see the daemon's log") {}
};

class EngineStream {
 public:
  enum class Wait { reading, writing, both };

  virtual ~EngineStream() = default;

  /// Reads what is there, up to out.size() bytes: 0 at the end (a reset is an end), nothing if nothing has come yet.
  [[nodiscard]] virtual std::optional<size_t> read_some(MutableBytes out) = 0;

  /// Writes what fits; nothing if nothing does. Throws EngineGone if the peer takes no more.
  [[nodiscard]] virtual std::optional<size_t> write_some(ByteView bytes) = 0;

  /// Waits until one of the two may be tried again; false when `timeout` has passed. No timeout waits for ever.
  [[nodiscard]] virtual bool wait(Wait what, std::optional<std::chrono::milliseconds> timeout) = 0;

  /// Tells the peer that no more will be written. Reading goes on.
  virtual void finish_writing() = 0;

  /// Ends both directions and wakes whoever waits: reading ends, writing throws EngineGone. Any thread.
  virtual void close() noexcept = 0;
};

/// Over a connected stream socket.
[[nodiscard]] std::unique_ptr<EngineStream> make_socket_stream(Fd socket);

/// Throws ExitCode::engine: nothing listens there, or this user may not connect, each with what to do about it.
[[nodiscard]] std::unique_ptr<EngineStream> connect_unix(const std::string& path);

}  // namespace docker_sync
