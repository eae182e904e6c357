// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/gzip_deflater.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>

namespace docker_sync {

namespace {

constexpr size_t kShortest = 3, kLongest = 258;
constexpr size_t kHalf = size_t{32} << 10, kWindow = 2 * kHalf;
constexpr size_t kLeastAhead = kLongest + kShortest + 1;  // A match and the string behind it.
constexpr size_t kFarthest = kHalf - kLeastAhead;
constexpr size_t kTooFar = 4096;  // For a match of three bytes.
constexpr size_t kHashBits = 15, kHashShift = (kHashBits + kShortest - 1) / kShortest;
constexpr size_t kMostTokens = (size_t{32} << 10) - 1;
constexpr size_t kTokensToThink = 4096;

/// How many bytes are alike, kLongest at most. REQUIRES: so many can be read from both.
size_t alike(const uint8_t* a, const uint8_t* b) {
  static_assert(std::endian::native == std::endian::little);
  size_t length = 0;
  for (; length + 8 <= kLongest; length += 8) {
    uint64_t x, y;
    std::memcpy(&x, a + length, 8);
    std::memcpy(&y, b + length, 8);
    if (x != y) return length + static_cast<size_t>(std::countr_zero(x ^ y)) / 8;
  }
  while (length < kLongest && a[length] == b[length]) ++length;
  return length;
}

}  // namespace

GzipDeflater::Effort GzipDeflater::effort_of(int level) {
  constexpr std::array<Effort, 6> efforts{{
      {4, 4, 16, 16},
      {8, 16, 32, 32},
      {8, 16, 128, 128},
      {8, 32, 128, 256},
      {32, 128, 258, 1024},
      {32, 258, 258, 4096},
  }};
  assert(level >= kLeastLevel && level <= 9);
  return efforts[static_cast<size_t>(level - kLeastLevel)];
}

GzipDeflater::GzipDeflater(int level)
    : effort_(effort_of(level)), window_(kWindow + kShortest), newest_(size_t{1} << kHashBits), previous_(kHalf) {}

void GzipDeflater::start(Sink& to) {
  writer_.start(to);
  std::ranges::fill(window_, uint8_t{0});
  std::ranges::fill(newest_, uint16_t{0});
  tokens_.clear();
  hash_ = at_ = ahead_ = 0;
  block_start_ = 0;
  matches_ = distance_bits_ = 0;
  match_length_ = kShortest - 1;
  match_start_ = 0;
  literal_waits_ = false;
}

void GzipDeflater::write(ByteView bytes) {
  // Matching begins only when the window is full, so that it slides at the same places whatever the writes are.
  while (!bytes.empty()) {
    const size_t end = at_ + ahead_, count = std::min(bytes.size(), kWindow - end);
    std::memcpy(&window_[end], bytes.data(), count);
    ahead_ += count;
    bytes = bytes.subspan(count);
    if (end + count < kWindow) break;
    run(kLeastAhead);
    slide();
  }
}

void GzipDeflater::finish() {
  run(kLeastAhead);
  if (at_ >= kHalf + kFarthest) slide();
  // The last strings' hashes reach behind the end.
  std::fill_n(window_.begin() + static_cast<ptrdiff_t>(at_ + ahead_), kShortest - 1, uint8_t{0});
  run(1);
  if (literal_waits_) static_cast<void>(add(0, window_[at_ - 1]));
  end_block(true);
}

void GzipDeflater::run(size_t least_ahead) {
  if (ahead_ > 0 && at_ == 0 && tokens_.empty() && !literal_waits_) {
    hash_ = ((window_[0] << kHashShift) ^ window_[1]) & ((size_t{1} << kHashBits) - 1);
  }
  while (ahead_ >= least_ahead) step();
}

/// One string: a match is taken only if the one that begins a byte later is not longer.
void GzipDeflater::step() {
  const size_t candidate = insert(at_);
  const size_t length_before = match_length_, start_before = match_start_;
  match_length_ = kShortest - 1;
  if (candidate != 0 && length_before < effort_.lazy && at_ - candidate <= kFarthest && at_ <= kWindow - kLeastAhead) {
    match_length_ = length_before;
    match_length_ = std::min(longest_match(candidate), ahead_);
    if (match_length_ == kShortest && at_ - match_start_ > kTooFar) --match_length_;
  }
  bool full = false;
  if (length_before >= kShortest && match_length_ <= length_before) {
    full = add(at_ - 1 - start_before, static_cast<uint8_t>(length_before - kShortest));
    for (size_t i = 2; i < length_before; ++i) static_cast<void>(insert(at_ + i - 1));
    at_ += length_before - 1;
    ahead_ -= length_before - 1;
    literal_waits_ = false;
    match_length_ = kShortest - 1;
    if (full) end_block(false);
    return;
  }
  if (literal_waits_) full = add(0, window_[at_ - 1]);
  literal_waits_ = true;
  if (full) end_block(false);
  ++at_;
  --ahead_;
}

/// Puts the string at `position` first of those with its hash; returns which was.
size_t GzipDeflater::insert(size_t position) {
  hash_ = ((hash_ << kHashShift) ^ window_[position + kShortest - 1]) & ((size_t{1} << kHashBits) - 1);
  const uint16_t before = newest_[hash_];
  previous_[position % kHalf] = before;
  newest_[hash_] = static_cast<uint16_t>(position);
  return before;
}

/// The longest match of at_ that is longer than match_length_, else that length. It may reach behind the end.
size_t GzipDeflater::longest_match(size_t candidate) {
  const uint8_t* const scan = &window_[at_];
  const size_t limit = at_ > kFarthest ? at_ - kFarthest : 0;
  size_t best = match_length_;
  size_t chain = best >= effort_.good ? effort_.chain / 4 : effort_.chain;
  do {
    const uint8_t* const match = &window_[candidate];
    if (match[best] == scan[best] && match[best - 1] == scan[best - 1] && match[0] == scan[0] && match[1] == scan[1]) {
      const size_t length = alike(scan, match);
      if (length > best) {
        match_start_ = candidate;
        best = length;
        if (length >= effort_.nice) break;
      }
    }
    candidate = previous_[candidate % kHalf];
  } while (candidate > limit && --chain != 0);
  return best;
}

/// Returns whether the block must end with this token.
bool GzipDeflater::add(size_t distance, uint8_t value) {
  tokens_.push_back({static_cast<uint16_t>(distance), value});
  if (distance != 0) {
    ++matches_;
    distance_bits_ += 5 + distance_extra_bits(distance_code(static_cast<unsigned>(distance)));
  }
  const size_t count = tokens_.size();
  if (count % kTokensToThink == 0) {
    const size_t in = static_cast<size_t>(static_cast<ptrdiff_t>(at_) - block_start_);
    const size_t out = (count * 8 + distance_bits_) / 8;
    if (matches_ < count / 2 && out < in / 2) return true;
  }
  return count == kMostTokens;
}

void GzipDeflater::end_block(bool last) {
  std::optional<ByteView> bytes;
  if (block_start_ >= 0) {
    const auto start = static_cast<size_t>(block_start_);
    bytes = ByteView(window_).subspan(start, at_ - start);
  }
  writer_.write(tokens_, bytes, last);
  tokens_.clear();
  matches_ = distance_bits_ = 0;
  block_start_ = static_cast<ptrdiff_t>(at_);
}

/// Forgets the window's first half.
void GzipDeflater::slide() {
  std::memcpy(window_.data(), &window_[kHalf], kHalf);
  at_ -= kHalf;
  match_start_ -= kHalf;
  block_start_ -= static_cast<ptrdiff_t>(kHalf);
  const auto move = [](uint16_t& position) {
    position = static_cast<uint16_t>(position >= kHalf ? position - kHalf : 0);
  };
  std::ranges::for_each(newest_, move);
  std::ranges::for_each(previous_, move);
}

}  // namespace docker_sync
