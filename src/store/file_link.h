// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Bytes to another process and back, and open files with them where it is on the same machine.
#pragma once

#include <memory>

#include "base/channel.h"
#include "base/fd.h"

namespace docker_sync {

/// One thread at a time; close() any.
class FileLink {
 public:
  virtual ~FileLink() = default;

  /// Whether files can go along.
  [[nodiscard]] virtual bool takes_files() const = 0;

  /// `file` may be none. Throws ExitCode::connection when the other side has gone.
  virtual void send(ByteView bytes, const Fd& file) = 0;

  /// Fills `out`, waiting as long as it takes, and `file` if one came along; false if the other side has gone. Throws
  /// ExitCode::connection.
  [[nodiscard]] virtual bool receive(MutableBytes out, Fd& file) = 0;

  /// Both sides see an end.
  virtual void close() noexcept = 0;
};

/// Over a Unix socket.
[[nodiscard]] std::unique_ptr<FileLink> link_by_socket(Fd socket);

/// Over anything else, which takes no files.
[[nodiscard]] std::unique_ptr<FileLink> link_by_channel(std::unique_ptr<Channel> channel);

}  // namespace docker_sync
