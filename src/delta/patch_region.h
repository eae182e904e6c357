// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The old bytes that one window of a patch is made of: the whole old file while it is small, else the pieces of it that
// look most like the window, wherever they lie. An insertion of any size and data that moved cost nothing by this; a
// region around the window's own position, which is the usual way, would lose both.
#pragma once

#include <cstdint>
#include <vector>

#include "base/io.h"

namespace docker_sync {

/// A piece of the old file. A region is its pieces one after the other, and has positions of its own.
struct RegionPiece {
  uint64_t offset, size;
  bool operator==(const RegionPiece&) const = default;
};

/// The bytes of a region. REQUIRES: the pieces lie within the file, which outlives it.
class PatchRegion : public RandomAccess {
 public:
  PatchRegion(const RandomAccess& old_file, std::vector<RegionPiece> pieces);
  [[nodiscard]] uint64_t size() const override { return size_; }
  void read_at(uint64_t offset, MutableBytes out) const override;
  [[nodiscard]] const std::vector<RegionPiece>& pieces() const { return pieces_; }

 private:
  const RandomAccess* old_file_;
  std::vector<RegionPiece> pieces_;
  std::vector<uint64_t> ends_;  ///< in the region, of each piece
  uint64_t size_ = 0;
};

/// Finds regions. Where the old file is larger than one, it is read once and sampled: about one position in a thousand,
/// chosen by the bytes that lie there, so that moved bytes are sampled in the same places.
class RegionFinder {
 public:
  /// Memory: up to 12 MiB.
  explicit RegionFinder(const RandomAccess& old_file);

  /// At most kPatchRegion bytes for a window that starts at `position` of the new file.
  [[nodiscard]] std::vector<RegionPiece> find(ByteView window, uint64_t position) const;

 private:
  struct Sample {
    uint32_t print, block;
  };

  uint64_t old_size_;
  uint64_t block_bytes_ = 0;
  int sample_bits_ = 10;         ///< one position in 2^10 is a sample
  std::vector<Sample> samples_;  ///< by print
};

}  // namespace docker_sync
