// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "wire/pace.h"

#include <algorithm>
#include <array>

namespace docker_sync {

namespace {

/// A level, and how much more time the next one takes; as measured on programs and text.
struct Step {
  int level;
  double next_costs;
};
constexpr std::array kSteps{Step{1, 2},    Step{3, 3},    Step{6, 1.7},  Step{9, 2.2},
                            Step{12, 4.6}, Step{15, 1.6}, Step{17, 1.4}, Step{19, 0}};
constexpr size_t kTop = kSteps.size() - 1;
/// Level 12: ever more time for ever less is what the levels above it take.
constexpr size_t kStrong = 4;

constexpr size_t kLeastAllowance = 128 << 10;
/// Seconds that may be under way beyond the latency; and, while the rate is only the least that the link takes, how
/// much more than it needs to keep it, so that a long way is filled within a few round trips.
constexpr double kAhead = 2, kAheadUnmeasured = 0.1, kGrowth = 3;

/// Up to 12 Mbit/s a byte is worth more than a core's second, even where the link idles for it a little; up to 6 even
/// the last 2 % are, which take level 19 half as long again as level 17.
constexpr uint64_t kSlowLink = 1'500'000, kSlowestLink = 750'000;
/// All that any level above 3 makes; a backlog on such a link is a reader that was held up.
constexpr uint64_t kReaderHeldUp = 30'000'000;
constexpr double kQueueSeconds = 0.03, kWaitsForLink = 0.5;
/// How little: over so many seconds the link is used that much. Beyond that the time that is lost is more than what the
/// bytes that a level saves would take.
constexpr double kUseSeconds = 5, kLeastUse = 0.85;
/// What level 19 makes may not fill such a link, so it cannot tell when the link has become faster: lower levels are
/// tried after a while, and ever more seldom; at once where it shows all the same.
constexpr std::chrono::seconds kLongestHold{60};
constexpr uint64_t kNoLongerSlow = 2'250'000;

/// How much of the allowance is in use when it is time to rise, by one level or by two. The first rise must come early;
/// later ones must not undo what was just lowered.
constexpr double kRiseFirst = 0.3, kRise = 0.8, kRiseTwo = 0.9;
/// Or when the next level would still leave the compressor some time.
constexpr double kBusy = 0.85;
/// Lower with less than this of the allowance, and if the compressor hardly ever waits for the link; and only where it
/// works: else it is not what anybody waits for.
constexpr double kLower = 0.1, kWorking = 0.25;
/// What the link must have to do while archives are inflated; but up to 32 Mbit/s that saves more time than it takes,
/// whatever the link does meanwhile: at 30, the bench's jars take the link 8.5 s as they are, and a whole sync of them,
/// inflated, takes 5.5 to 6.7 s. A rate that is but the least counts too: a first burst looks like twice the link.
constexpr double kWorkAhead = 0.1;
constexpr uint64_t kSlowerThanInflating = 4'000'000;
/// A thread of the reader's that does not run for a moment is no slow link, and a change needs time to show.
constexpr double kRiseAfter = 0.1, kLowerAfter = 0.025;

bool is_slow(const Backlog& backlog) { return backlog.saturated && backlog.bytes_per_second <= kSlowLink; }

double in_seconds(std::chrono::steady_clock::duration time) { return std::chrono::duration<double>(time).count(); }

/// How much of the allowance is in use, 0 to 1; nothing as long as nothing came back.
std::optional<double> fullness(const Backlog& backlog) {
  if (backlog.bytes_per_second == 0) return std::nullopt;
  const auto allowed = static_cast<double>(allowance(backlog));
  if (static_cast<double>(backlog.bytes) >= kRiseTwo * allowed) return 1.0;
  return *backlog.seconds() * static_cast<double>(backlog.bytes_per_second) / allowed;
}

/// Whether what is under way is what the link leaves there, not what we dare or the reader leaves.
bool knows_limit(const Backlog& backlog) {
  const bool fills_window = static_cast<double>(backlog.bytes) >= kRiseTwo * static_cast<double>(backlog.window);
  return !backlog.reader_is_behind && (backlog.saturated || fills_window);
}

}  // namespace

size_t allowance(const Backlog& backlog) {
  const double latency = backlog.latency.count();
  const double seconds = backlog.saturated ? kAhead + latency : kAheadUnmeasured + kGrowth * latency;
  const double bytes = seconds * static_cast<double>(backlog.bytes_per_second);
  const auto window = static_cast<double>(backlog.window);
  return static_cast<size_t>(std::min(window, std::max(bytes, static_cast<double>(kLeastAllowance))));
}

bool leaves_time(const Backlog& backlog) {
  const auto seconds = backlog.seconds();
  return !seconds || backlog.bytes_per_second <= kSlowerThanInflating || *seconds >= kWorkAhead;
}

bool outruns_deflating(const Backlog& backlog) { return backlog.bytes_per_second >= kOutrunsDeflating; }

bool outruns_core(const Backlog& backlog) { return backlog.bytes_per_second >= kFastLink && !leaves_time(backlog); }

Pace::Pace(uint64_t bytes_per_second)
    : step_(bytes_per_second >= kFastLink ? 0 : kFirstStep), strongest_(kTop) {}

size_t Pace::strongest_for(const Backlog& backlog) const {
  return std::min(strongest_, backlog.bytes_per_second <= kSlowestLink ? kTop : kTop - 1);
}

bool Pace::wastes_link(Time now, Shares shares) {
  if (!use_) use_ = Use{now, now};
  const double passed = in_seconds(now - use_->last), all = in_seconds(now - use_->begun);
  use_->last = now;
  use_->used += passed * shares.link_used;
  use_->compressing += passed * shares.compressing;
  if (all < kUseSeconds) return false;
  const Use use = *use_;
  use_.reset();
  return use.used < kLeastUse * all && use.compressing > kBusy * all;
}

int Pace::level() const { return kSteps[step_].level; }

void Pace::change(size_t step, Time now, double full) {
  has_lowered_ = has_lowered_ || step < step_;
  if (step != step_) use_.reset();
  step_ = step;
  period_ = Period{now, now, 0, 0, full};
}

int Pace::next(Time now, const Backlog& backlog, Shares shares) {
  const auto known = fullness(backlog);
  if (!known) return level();
  const double full = *known;
  // A rate stays known when the link idles: only a queue shows that it is still what the link takes.
  const bool has_queue = *backlog.seconds() >= kQueueSeconds || shares.waiting_for_link >= kWaitsForLink;
  if (is_slow(backlog) && has_queue) {
    if (slow_until_ && now >= *slow_until_) slow_hold_ = std::min(slow_hold_ * 2, kLongestHold);
    slow_until_ = now + slow_hold_;
    change(strongest_for(backlog), now, full);
  }
  if (backlog.bytes_per_second >= kNoLongerSlow) slow_until_.reset();
  if (slow_until_ && now < *slow_until_) {
    if (step_ > kStrong && wastes_link(now, shares)) {
      strongest_ = step_ - 1;
      change(strongest_, now, full);
    }
    return level();
  }

  if (!period_) period_ = Period{now, now, 0, 0, full};
  const double passed = in_seconds(now - period_->last), all = in_seconds(now - period_->begun);
  period_->last = now;
  period_->compressing += passed * shares.compressing;
  period_->waiting_for_link += passed * shares.waiting_for_link;
  const double compressing = period_->compressing / std::max(all, 1e-9);
  const double waiting = period_->waiting_for_link / std::max(all, 1e-9);

  // What the last change has set in motion is left to go on: else each would be overdone.
  const bool far_ahead = knows_limit(backlog) && full >= (has_lowered_ ? kRise : kRiseFirst) && full >= period_->full;
  const bool has_time =
      waiting > kLower && compressing * kSteps[step_].next_costs <= kBusy && !backlog.reader_is_behind;
  // Where the compressor waits for a link as fast as this, it waits for a core.
  const bool is_fast = backlog.bytes_per_second >= kReaderHeldUp;
  const bool may_rise = step_ < kTop && !is_fast && all >= kRiseAfter;
  const bool is_behind = full < kLower && full <= period_->full && (waiting < kLower || is_fast);
  if (may_rise && (far_ahead || has_time)) {
    change(std::min(step_ + (full >= kRiseTwo && !has_lowered_ ? 2 : 1), kTop), now, full);
  } else if (step_ > 0 && all >= kLowerAfter && is_behind && compressing > kWorking) {
    change(step_ - 1, now, full);
  } else if (all >= kRiseAfter) {
    change(step_, now, full);
  }
  return level();
}

Pace::PatchWork Pace::patch_work(const Backlog& backlog) const {
  const auto full = fullness(backlog);
  const bool shown_fast = full && !is_slow(backlog) && backlog.bytes_per_second > kSlowLink;
  if (shown_fast && *full < kLower) return {std::min(level(), 9), false};
  if (is_slow(backlog)) return {kSteps[strongest_for(backlog)].level, true};
  if (full && knows_limit(backlog) && *full >= kRiseFirst) return {kSteps[kTop].level, true};
  return {level(), true};
}

}  // namespace docker_sync
