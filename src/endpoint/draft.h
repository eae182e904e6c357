// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A content's form as a delta makes it, at the destination: what is copied lies where it is in the basis, and only what
// is new is kept. After the first round it may still have holes, which wait for the second.
#pragma once

#include <vector>

#include "base/concatenation.h"
#include "base/spool.h"
#include "delta/delta_parts.h"
#include "endpoint/content_form.h"

namespace docker_sync {

class Draft {
 public:
  /// `basis` is what was signed, `head` that of the content. What both lie in must outlive it.
  Draft(const SpoolSpace& space, OldForm basis, FormHead head);

  /// Reads a peer's delta. Throws ExitCode::protocol on what may not be. Memory: 48 bytes per part, beside the spool of
  /// what is new.
  void read(Source& delta);

  [[nodiscard]] const FormHead& head() const { return head_; }
  [[nodiscard]] size_t holes() const { return holes_; }
  /// What lies in the basis where the holes are, one after the other.
  [[nodiscard]] const RandomAccess& basis_of_holes() const { return old_; }
  /// Reads the delta for the holes. Throws likewise.
  void fill(Source& delta);

  /// REQUIRES: it has no holes, or they were filled.
  [[nodiscard]] const RandomAccess& form() const { return form_; }

 private:
  struct Part {
    enum Kind : uint8_t { copy, fresh, hole } kind;
    uint64_t size, offset;  ///< offset: of a copy, in the basis; of a hole, in what fills the holes
  };

  void put_together();

  const OldForm basis_;
  const FormHead head_;
  Spool fresh_;  ///< new bytes in order; then those of the holes
  std::vector<Part> parts_;
  Concatenation old_, form_;
  size_t holes_ = 0;
  uint64_t hole_bytes_ = 0;
};

}  // namespace docker_sync
