// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/like_runs.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>
#include <optional>

#include "delta/seed_table.h"

namespace docker_sync {

namespace {

constexpr size_t kBatch = 8;           // Look-ups under way at a time, so that their cache misses overlap.
constexpr size_t kBetterBy = 8;        // A match must beat the run under way by so many bytes (bsdiff's value).
constexpr ptrdiff_t kGiveUp = 256;     // A run that has got so much worse will not get better.
constexpr size_t kExplainedStep = 32;  // Where of so many bytes
constexpr size_t kExplained = 29;      // so many are right, no match can be better by enough.

uint64_t load(const uint8_t* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// How many of 8 bytes are zero.
size_t zero_bytes(uint64_t word) {
  constexpr uint64_t kLow = 0x7f7f7f7f7f7f7f7f, kOnes = 0x0101010101010101;
  const uint64_t filled = (((word & kLow) + kLow) | word) >> 7 & kOnes;  // 1 for each byte that is not zero
  return 8 - (filled * kOnes >> 56);
}

/// How many bytes at the start of both are the same, up to `limit`.
size_t same_bytes(const uint8_t* a, const uint8_t* b, size_t limit) {
  size_t same = 0;
  if constexpr (std::endian::native == std::endian::little) {
    for (; same + 8 <= limit; same += 8) {
      if (const uint64_t differ = load(a + same) ^ load(b + same)) {
        return same + static_cast<size_t>(std::countr_zero(differ)) / 8;
      }
    }
  }
  while (same < limit && a[same] == b[same]) ++same;
  return same;
}

/// How many bytes are the same as their counterparts, of the first `count`.
size_t equal_bytes(const uint8_t* a, const uint8_t* b, size_t count) {
  size_t equal = 0, i = 0;
  for (; i + 8 <= count; i += 8) equal += zero_bytes(load(a + i) ^ load(b + i));
  for (; i < count; ++i) equal += a[i] == b[i];
  return equal;
}

class Finder {
 public:
  Finder(ByteView old_bytes, ByteView new_bytes) : old_(old_bytes), new_(new_bytes), table_(old_bytes) {}

  std::vector<LikeRun> find() {
    size_t at = 0;
    while (at + kSeedBytes <= new_.size()) {
      if (const size_t step = explained(at)) {
        at += step;
      } else if (const std::optional<Match> match = look_up(at)) {
        at = weigh(*match);
      } else {
        at += kBatch;
      }
    }
    if (running_) add_run(extend_forward(new_.size()));
    return std::move(runs_);
  }

 private:
  struct Match {
    size_t new_position, old_position;
  };

  /// Bytes from `at` on that are old bytes in the place the run under way has for new_[at].
  [[nodiscard]] size_t aligned(size_t at) const {
    if (!running_) return 0;
    const size_t old_at = at + run_shift_;
    return old_at < old_.size() ? std::min(new_.size() - at, old_.size() - old_at) : 0;
  }

  /// How far to go on without a look-up, since the run under way holds.
  [[nodiscard]] size_t explained(size_t at) const {
    const size_t room = aligned(at);
    if (room < kExplainedStep) return 0;
    const uint8_t *now = &new_[at], *before = &old_[at + run_shift_];
    const size_t same = same_bytes(now, before, room);
    if (same >= kExplainedStep) return same;
    return equal_bytes(now, before, kExplainedStep) >= kExplained ? kExplainedStep / 2 : 0;
  }

  /// The first of the next kBatch positions that is in the table.
  [[nodiscard]] std::optional<Match> look_up(size_t at) const {
    const size_t count = std::min(kBatch, new_.size() - kSeedBytes + 1 - at);
    std::array<SeedTable::Key, kBatch> keys;
    for (size_t i = 0; i < count; ++i) {
      keys[i] = table_.key(&new_[at + i]);
      table_.prefetch(keys[i]);
    }
    for (size_t i = 0; i < count; ++i) {
      if (const auto found = table_.find(keys[i], &new_[at + i])) return Match{at + i, *found};
    }
    return std::nullopt;
  }

  /// Starts a new run where the match is worth it; returns where to look on.
  size_t weigh(const Match& match) {
    const size_t at = match.new_position, shift = match.old_position - at;
    const size_t length =
        same_bytes(&new_[at], &old_[match.old_position], std::min(new_.size() - at, old_.size() - match.old_position));
    const size_t room = std::min(aligned(at), length);
    const size_t right = room == 0 ? 0 : equal_bytes(&new_[at], &old_[at + run_shift_], room);
    if (length <= right + kBetterBy) return at + (length > 2 * kSeedBytes ? length - kSeedBytes - kBetterBy : 1);
    size_t start = extend_backward(at, shift);
    if (running_) {
      size_t end = extend_forward(at);
      if (end > start) end = start = best_split(start, end, shift);
      add_run(end);
    }
    running_ = true;
    run_start_ = start;
    run_certain_ = at + length;
    run_shift_ = shift;
    return at + length;
  }

  /// How far back before `at` most bytes are the same under `shift`.
  [[nodiscard]] size_t extend_backward(size_t at, size_t shift) const {
    const size_t room = std::min(at - (running_ ? run_certain_ : 0), at + shift);
    const uint8_t *now = new_.data() + at, *before = old_.data() + (at + shift);
    ptrdiff_t best = 0, score = 0, best_score = 0;
    for (ptrdiff_t i = 1; i <= static_cast<ptrdiff_t>(room) && score > best_score - kGiveUp; ++i) {
      score += now[-i] == before[-i] ? 1 : -1;
      if (score > best_score) best_score = score, best = i;
    }
    return at - static_cast<size_t>(best);
  }

  /// How far on, but not beyond `limit`, most bytes are the same in the run under way.
  [[nodiscard]] size_t extend_forward(size_t limit) const {
    size_t best = run_certain_;
    const size_t stop = std::min(limit, run_certain_ + aligned(run_certain_));
    ptrdiff_t score = 0, best_score = 0;
    for (size_t at = run_certain_; at < stop;) {
      const uint8_t *now = &new_[at], *before = &old_[at + run_shift_];
      if (at + 8 <= stop && load(now) == load(before)) {
        at += 8, score += 8;
      } else {
        at += 1, score += *now == *before ? 1 : -1;
      }
      if (score > best_score) best_score = score, best = at;
    }
    return best;
  }

  /// Where between the two the run under way had better end, and one under `next_shift` begin.
  [[nodiscard]] size_t best_split(size_t from, size_t to, size_t next_shift) const {
    size_t best = from;
    ptrdiff_t score = 0, best_score = 0;
    for (size_t at = from; at < to; ++at) {
      score += (new_[at] == old_[at + run_shift_]) - (new_[at] == old_[at + next_shift]);
      if (score > best_score) best_score = score, best = at + 1;
    }
    return best;
  }

  void add_run(size_t end) {
    if (end == run_start_) return;
    runs_.push_back({static_cast<uint32_t>(run_start_), static_cast<uint32_t>(run_start_ + run_shift_),
                     static_cast<uint32_t>(end - run_start_)});
  }

  ByteView old_, new_;
  SeedTable table_;
  std::vector<LikeRun> runs_;
  bool running_ = false;  ///< there is a run under way: the last one found, whose end is not known yet
  size_t run_start_ = 0, run_certain_ = 0;  ///< it starts there, and goes at least to there
  size_t run_shift_ = 0;                    ///< what to add to a new position for the old one, modulo 2^64
};

}  // namespace

std::vector<LikeRun> find_like_runs(ByteView old_bytes, ByteView new_bytes) {
  assert(new_bytes.size() <= std::numeric_limits<uint32_t>::max());
  return Finder(old_bytes, new_bytes).find();
}

}  // namespace docker_sync
