// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Several parts of files, one after the other, as one.
#pragma once

#include <vector>

#include "base/io.h"

namespace docker_sync {

class Concatenation : public RandomAccess {
 public:
  /// `whole` must outlive this. REQUIRES: offset + size <= whole.size().
  void add(const RandomAccess& whole, uint64_t offset, uint64_t size);
  void add(const RandomAccess& whole) { add(whole, 0, whole.size()); }
  [[nodiscard]] uint64_t size() const override { return size_; }
  void read_at(uint64_t offset, MutableBytes out) const override;

 private:
  struct Part {
    const RandomAccess* whole;
    uint64_t offset;  ///< in the whole
    uint64_t begin;   ///< here
  };
  std::vector<Part> parts_;
  uint64_t size_ = 0;
};

}  // namespace docker_sync
