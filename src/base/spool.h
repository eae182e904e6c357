// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Scratch space: a temporary file that has no name from the moment it exists, so that nothing of it can be left
// behind, kill -9 included. Written by appending, read anywhere. No memory beyond a small write buffer.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/fd.h"
#include "base/io.h"

namespace docker_sync {

/// Where spools go. Made once per endpoint from --tmpfolder, else $TMPDIR, else /var/tmp; a tmpfs only when named.
class SpoolFolder {
 public:
  /// `named` is the user's folder, or empty. Throws ExitCode::disk if it is no folder that can be written.
  explicit SpoolFolder(const std::string& named);

  [[nodiscard]] const std::string& path() const { return path_; }

  /// Throws ExitCode::disk, saying how much is missing, when fewer than `bytes` are free here.
  void require_space(uint64_t bytes) const;

 private:
  std::string path_;
};

class Spool : public Sink, public RandomAccess {
 public:
  explicit Spool(const SpoolFolder& folder);

  void write(ByteView bytes) override;
  /// Bytes written so far. They may be read at once, also by other threads than the writing one, once flush() has
  /// returned in the writing thread and the reader has been told (by a queue or a join).
  [[nodiscard]] uint64_t size() const override { return size_; }
  void read_at(uint64_t offset, MutableBytes out) const override;
  void flush();
  /// Gives back all space and starts from nothing.
  void clear();

 private:
  void append(ByteView bytes);

  std::string folder_;
  Fd fd_;
  Bytes pending_;
  std::atomic<uint64_t> size_ = 0, flushed_ = 0;  ///< readers of other threads look at them
};

}  // namespace docker_sync
