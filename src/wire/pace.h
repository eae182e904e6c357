// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Which effort to compress with, from what is under way: as long as the link has work ahead, the core has time and a
// stronger level is free; when the link is about to idle, the core is too slow. Levels follow the backlog as a video
// player's quality follows its buffer. Rejected: comparing measured rates of link and levels, which differ with every
// file; the backlog integrates both. Where pipes are too short for a backlog, waiting says the same. Pure: no clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "wire/backlog.h"

namespace docker_sync {

/// What may be under way before the compressor waits, in bytes: a little until it is known what the link takes, so
/// that not much has left at a level that was chosen in the dark, then two seconds of it.
[[nodiscard]] size_t allowance(const Backlog& backlog);

/// Whether the link has work for long enough, or is slow enough, that what takes seconds of a core to save a few
/// megabytes is worth it: inflating archives. Where the link would idle meanwhile, it is not.
[[nodiscard]] bool leaves_time(const Backlog& backlog);

/// Bytes per second of a link that outruns what takes a core long. More than 100 Mbit/s; not much more, as all that is
/// known of a link may be how it took a helper of 3 MB from a machine that was busy.
inline constexpr uint64_t kFastLink = 16'000'000;
/// Of a link where zips travel as they are: at 12 MB/s the bench's jars then take 0.88 of the time, while at 4 MB/s
/// inflating them is faster; between the two nothing was measured.
inline constexpr uint64_t kOutrunsDeflating = 8'000'000;
/// Where even what was meant for a fast link is better begun anew. Far below that: who reads may be slow as well.
inline constexpr uint64_t kTooSlowLink = 5'000'000;

/// Whether new archives need not be inflated for their own sake.
[[nodiscard]] bool outruns_deflating(const Backlog& backlog);

/// Whether the link is known to be so fast that it would idle even while a program is taken apart, which a core
/// does at some 330 MB/s.
[[nodiscard]] bool outruns_core(const Backlog& backlog);

class Pace {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// For who makes patches: zstd's level, and whether all codecs shall be tried.
  struct PatchWork {
    int level;
    bool strong;
  };

  /// Begins with a level for a link that took so much before; 0: not known.
  explicit Pace(uint64_t bytes_per_second = 0);

  /// zstd's level, 1 to 19.
  [[nodiscard]] int level() const;
  /// Where the compressor's time went since the last call, 0 to 1; the rest it waited for something to compress, or for
  /// the allowance of a link whose rate was not known.
  struct Shares {
    double compressing, waiting_for_link;
    double link_used = 1;  ///< what was handed to the link, of what it would have taken
  };
  /// To be asked every half MiB or so of what is compressed.
  int next(Time now, const Backlog& backlog, Shares shares);
  /// Of a moment; the level stays.
  [[nodiscard]] PatchWork patch_work(const Backlog& backlog) const;

 private:
  /// Where the time went since `begun`.
  struct Period {
    Time begun, last;
    double compressing = 0, waiting_for_link = 0;  ///< seconds
    double full = 0;                               ///< at its begin
  };
  /// What a slow link was used since it has this level, or a few seconds ago.
  struct Use {
    Time begun, last;
    double used = 0, compressing = 0;  ///< seconds
  };
  void change(size_t step, Time now, double full);
  /// Whether a strong level leaves a slow link idle for more than it saves.
  [[nodiscard]] bool wastes_link(Time now, Shares shares);
  [[nodiscard]] size_t strongest_for(const Backlog& backlog) const;

  static constexpr size_t kFirstStep = 3;

  size_t step_;
  bool has_lowered_ = false;
  std::optional<Period> period_;
  std::optional<Use> use_;
  size_t strongest_;  ///< that a slow link was found to leave time for
  std::optional<Time> slow_until_;
  std::chrono::seconds slow_hold_{30};
};

}  // namespace docker_sync
