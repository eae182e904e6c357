// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/concatenation.h"

#include <cassert>

namespace docker_sync {

void Concatenation::add(const RandomAccess& whole, uint64_t offset, uint64_t size) {
  assert(offset + size <= whole.size());
  if (size == 0) return;
  parts_.push_back({&whole, offset, size_});
  size_ += size;
}

void Concatenation::read_at(uint64_t offset, MutableBytes out) const {
  assert(offset + out.size() <= size_);
  auto part = std::upper_bound(parts_.begin(), parts_.end(), offset,
                               [](uint64_t at, const Part& one) { return at < one.begin; });
  while (!out.empty()) {
    const uint64_t end = part == parts_.end() ? size_ : part->begin;
    const Part& from = *std::prev(part);
    const auto count = static_cast<size_t>(std::min<uint64_t>(out.size(), end - offset));
    from.whole->read_at(from.offset + (offset - from.begin), out.first(count));
    out = out.subspan(count);
    offset += count;
    ++part;
  }
}

}  // namespace docker_sync
