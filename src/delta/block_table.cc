// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/block_table.h"

#include <algorithm>
#include <bit>

#include "base/error.h"

namespace docker_sync {

namespace {

// Different blocks with one weak sum: 9 of them among a million blocks have odds of 2^-94.
constexpr ptrdiff_t kMostPerWeakSum = 8;
constexpr int kFilterBits = 4;  // 2^4 bits per block

bool same_strong(const Signature& signature, uint32_t a, uint32_t b) {
  return std::ranges::equal(signature.strong(a), signature.strong(b));
}

}  // namespace

BlockTable::BlockTable(const Signature& signature) {
  const uint32_t blocks = signature.full_blocks();
  const int bits = std::bit_width(blocks);
  begin_shift_ = 32 - bits;
  filter_shift_ = 32 - bits - kFilterBits;
  filter_.resize(((size_t{1} << (bits + kFilterBits)) + 63) / 64);
  entries_.reserve(blocks);
  for (uint32_t block = 0; block < blocks; ++block) entries_.push_back({signature.weak(block), block});
  std::sort(entries_.begin(), entries_.end());
  // What is kept of them moves to the front.
  auto kept = entries_.begin(), chain = kept;
  for (const Entry entry : entries_) {
    if (chain != kept && chain->weak != entry.weak) chain = kept;
    const auto same = [&](const Entry& other) { return same_strong(signature, other.block, entry.block); };
    if (std::any_of(chain, kept, same)) continue;
    if (kept - chain == kMostPerWeakSum) throw_protocol("a signature was made to be slow");
    *kept++ = entry;
  }
  entries_.erase(kept, entries_.end());
  begin_.resize((size_t{1} << bits) + 1);
  for (const auto& [weak, block] : entries_) {
    ++begin_[(uint64_t{weak} >> begin_shift_) + 1];
    const uint64_t bit = uint64_t{weak} >> filter_shift_;
    filter_[bit / 64] |= uint64_t{1} << bit % 64;
  }
  for (size_t i = 1; i < begin_.size(); ++i) begin_[i] += begin_[i - 1];
}

std::span<const BlockTable::Entry> BlockTable::with(uint32_t weak) const {
  const uint64_t bucket = uint64_t{weak} >> begin_shift_;
  const auto first = entries_.begin() + begin_[bucket], last = entries_.begin() + begin_[bucket + 1];
  const auto from = std::lower_bound(first, last, Entry{weak, 0});
  auto to = from;
  while (to != last && to->weak == weak) ++to;
  return {from, to};
}

}  // namespace docker_sync
