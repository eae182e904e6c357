// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A layer in gzip, of one member or several, read at any offset of its tar without unpacking it to a disk. One pass
// over it finds out how long it is, and what its sha256 is, and leaves check points on the way: places where a block of
// deflate begins, with the 32 KiB before it, which is all that inflating needs to begin there. The idea is that of
// zlib's examples/zran.c.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/io.h"
#include "image/digest.h"

namespace docker_sync {

/// Any thread may read. Memory: 16 MiB at most for check points, 110 KiB for each thread that reads. A read that goes
/// on where one of the last few ended, or a little behind it, costs what zlib takes for its bytes; any other one those
/// up to the check point before it besides: 1 MiB, more than that in layers beyond a GiB or so.
class GzipFile : public RandomAccess {
 public:
  /// Reads all of it. Throws ExitCode::verification if it is damaged, but leaves gzip's own sums alone: who knows what
  /// is in it compares digest().
  explicit GzipFile(std::shared_ptr<const RandomAccess> packed);
  ~GzipFile() override;

  [[nodiscard]] uint64_t size() const override { return size_; }
  /// Of the bytes that read_at() gives.
  [[nodiscard]] const Digest& digest() const { return digest_; }
  /// Throws ExitCode::verification if it is damaged by now.
  void read_at(uint64_t offset, MutableBytes out) const override;

  /// Bytes of memory that the check points take.
  [[nodiscard]] size_t check_point_bytes() const { return check_point_bytes_; }

 private:
  class Inflation;
  struct CheckPoint {
    uint64_t position = 0;         ///< in the tar
    uint64_t packed_position = 0;  ///< of the first byte that was not touched
    int bits = 0;                  ///< of the byte before it, the upper ones, that belong to the block, too
    Bytes history;                 ///< in zstd: the bytes before it, as far as the block may refer to them

    [[nodiscard]] size_t bytes() const { return sizeof *this + history.size(); }
  };

  void add(CheckPoint point);
  [[nodiscard]] const CheckPoint& check_point_before(uint64_t offset) const;
  [[nodiscard]] std::unique_ptr<Inflation> inflation_at(uint64_t offset) const;

  const std::shared_ptr<const RandomAccess> packed_;
  uint64_t size_ = 0;
  Digest digest_;
  std::vector<CheckPoint> check_points_;
  size_t check_point_bytes_ = 0;
  uint64_t spacing_;

  mutable std::mutex mutex_;                              ///< guards what follows
  mutable std::vector<std::unique_ptr<Inflation>> idle_;  ///< the one that was used last is the last
};

}  // namespace docker_sync
