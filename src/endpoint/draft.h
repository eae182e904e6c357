// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A content after the first round of librsync, at the destination: all of it but its holes, which wait for the second.
#pragma once

#include <vector>

#include "base/concatenation.h"
#include "base/spool.h"
#include "delta/delta_parts.h"

namespace docker_sync {

class Draft {
 public:
  /// `whole` holds the basis, `size` bytes at `offset`, and must outlive this.
  Draft(const SpoolFolder& folder, const RandomAccess& whole, uint64_t offset, uint64_t size);

  /// Reads a peer's delta. Throws ExitCode::protocol on what may not be. Memory: 32 bytes per part; scratch: what is
  /// new.
  void read(Source& delta, uint64_t content_size);

  [[nodiscard]] size_t holes() const { return holes_; }
  /// What lies in the basis where the holes are, one after the other.
  [[nodiscard]] const RandomAccess& basis_of_holes() const { return old_; }

  /// Reads the delta for the holes, and writes the content. Throws likewise.
  void complete(Source& delta, Sink& content);

 private:
  struct Part {
    enum Kind : uint8_t { copy, fresh, hole } kind;
    uint64_t size, offset;  ///< offset: of a copy, in the basis
  };

  const RandomAccess* whole_;
  uint64_t offset_, size_;
  Spool fresh_;  ///< new bytes in order; then those of the holes
  std::vector<Part> parts_;
  Concatenation old_;
  size_t holes_ = 0;
  uint64_t hole_bytes_ = 0;
};

}  // namespace docker_sync
