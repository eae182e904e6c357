// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A duplex run of bytes to a peer: an SSH exec, a child process, the two ends of the program itself. What stands
// above it (wire/mux) has one thread that reads; any thread may write, one at a time; any may close.
#pragma once

#include <chrono>
#include <string>

#include "base/bytes.h"

namespace docker_sync {

class Channel {
 public:
  virtual ~Channel() = default;

  /// Reads at least one byte; 0 at the peer's end of file or after close(). Throws ExitCode::connection when nothing
  /// has come for `silence`, or when the link broke.
  [[nodiscard]] virtual size_t read(MutableBytes out, std::chrono::milliseconds silence) = 0;

  /// Takes all of `bytes`, waiting while the peer does not read. Throws ExitCode::connection after close().
  virtual void write(ByteView bytes) = 0;

  /// Tells the peer that no more will be written; reading goes on.
  virtual void finish_writing() = 0;

  /// Ends both directions and wakes whoever waits in read() or write().
  virtual void close() noexcept = 0;

  /// Bytes that crossed the network so far, all overhead of the transport included where it can be known.
  struct Traffic {
    uint64_t sent = 0, received = 0;
  };
  [[nodiscard]] virtual Traffic traffic() const = 0;

  /// Bytes per second that the network took at best, whoever reads them; 0 where that is not known.
  [[nodiscard]] virtual uint64_t best_rate() const { return 0; }

  /// The last lines that the other side wrote to its standard error, for messages. May be empty.
  [[nodiscard]] virtual std::string diagnostics() const = 0;
};

}  // namespace docker_sync
