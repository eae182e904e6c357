// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Scratch space: memory while there is some, then a temporary file that has no name from the moment it exists, so that
// nothing of it can be left behind, kill -9 included. Written by appending, read anywhere.
#pragma once

#include <atomic>
#include <string>

#include "base/fd.h"
#include "base/growing_memory.h"
#include "base/io.h"

namespace docker_sync {

/// Where spools are. Made once per endpoint: so much memory for all of them, and the folder of --tmpfolder, else
/// $TMPDIR, else /var/tmp; a tmpfs only when named.
class SpoolSpace {
 public:
  /// `named` is the user's folder, or empty. Throws ExitCode::disk if it is no folder that can be written.
  explicit SpoolSpace(const std::string& named, size_t memory = 0);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] size_t memory() const { return memory_; }
  [[nodiscard]] size_t memory_left() const { return memory_left_; }

  /// Throws ExitCode::disk, saying how much is missing, when fewer than `bytes` are free in the folder.
  void require_space(uint64_t bytes) const;

 private:
  friend class Spool;
  [[nodiscard]] size_t take_memory(size_t wanted) const;
  void give_back(size_t memory) const { memory_left_ += memory; }

  std::string path_;
  size_t memory_;
  mutable std::atomic<size_t> memory_left_;
};

class Spool : public Sink, public RandomAccess {
 public:
  enum class Begin { in_memory, on_disk };

  /// `space` must outlive it. `begin`: on the disk for what is not worth the memory that others need.
  explicit Spool(const SpoolSpace& space, Begin begin = Begin::in_memory);
  explicit Spool(const SpoolSpace&& space, Begin begin = Begin::in_memory) = delete;
  ~Spool() override;
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  void write(ByteView bytes) override;
  /// Bytes written so far. They may be read at once, also by other threads than the writing one, once flush() has
  /// returned in the writing thread and the reader has been told (by a queue or a join).
  [[nodiscard]] uint64_t size() const override { return size_; }
  void read_at(uint64_t offset, MutableBytes out) const override;
  void flush();
  /// Gives back all space and starts from nothing.
  void clear();

 private:
  [[nodiscard]] size_t keep_in_memory(ByteView bytes);
  void append(ByteView bytes);

  const SpoolSpace* space_;
  const Begin begin_;
  GrowingMemory memory_;
  bool on_disk_;  ///< whatever follows
  Fd fd_;         ///< that
  Bytes pending_;
  std::atomic<uint64_t> size_ = 0, flushed_ = 0;  ///< readers of other threads look at them
};

}  // namespace docker_sync
