// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "wire/backlog.h"

#include <algorithm>
#include <cassert>

#include "wire/limits.h"

namespace docker_sync {

namespace {

using namespace std::chrono_literals;

/// Marks are merged up to this size.
constexpr uint64_t kMarkBytes = 8 << 10;
/// Less would measure the scheduler, and packets that hold several credits.
constexpr auto kSampleTime = 20ms;
constexpr uint64_t kSampleBytes = 16 << 10;
/// Beyond the latency, this is a queue and no jitter.
constexpr auto kQueuedTime = 30ms;
/// A thread that does not run for a moment makes one slow sample, which does not count; a slow link makes all slow.
constexpr size_t kQueuedSamples = 3;
constexpr auto kQueuedLeast = 100ms;
constexpr auto kQueuedMemory = 1s;
/// A faster sample than this, without a queue, shows that the link is faster than was known; where that was all that it
/// took, only with more than what a shaper lets pass at once after a pause.
constexpr double kFaster = 1.25;
constexpr uint64_t kMoreThanBurst = 1 << 20;

double in_seconds(std::chrono::steady_clock::duration time) {
  return std::max(std::chrono::duration<double>(time).count(), 1e-6);
}

}  // namespace

std::optional<double> Backlog::seconds() const {
  if (bytes_per_second == 0) return std::nullopt;
  return std::max(0.0, static_cast<double>(bytes) / static_cast<double>(bytes_per_second) - latency.count());
}

void BacklogMeter::sent(Time now, size_t bytes) {
  const uint64_t first = sent_;
  sent_ += bytes;
  if (!marks_.empty() && sent_ - marks_.back().first <= kMarkBytes) {
    marks_.back().end = sent_;
    marks_.back().sent = now;
  } else {
    marks_.push_back({first, sent_, now});
  }
}

void BacklogMeter::consumed(Time now, size_t bytes, std::chrono::microseconds unread) {
  assert(bytes <= sent_ - consumed_);
  consumed_ += bytes;
  reader_is_behind_ = unread >= kQueuedTime;
  Time arrival = now - unread;
  if (!arrivals_.empty()) arrival = std::max(arrival, arrivals_.back().at);  // The way back takes its time, too.
  std::optional<Mark> arrived;
  while (!marks_.empty() && marks_.front().end <= consumed_) {
    arrived = marks_.front();
    marks_.pop_front();
  }
  bool queued = span_queued_;
  if (arrived) {
    arrival = std::max(arrival, arrived->sent);
    const Duration under_way = arrival - arrived->sent;
    latency_ = std::min(latency_.value_or(under_way), under_way);
    queued = under_way - *latency_ >= kQueuedTime;
    const uint64_t then = arrived_by(arrived->sent);
    least_rate_ = std::max(least_rate_, static_cast<double>(arrived->end - then) / in_seconds(under_way));
  }
  arrivals_.push_back({arrival, consumed_});
  extend_span(arrival, bytes, queued);
}

uint64_t BacklogMeter::arrived_by(Time time) {
  while (arrivals_.size() > 1 && arrivals_[1].at <= time) arrivals_.pop_front();
  return arrivals_.empty() || arrivals_.front().at > time ? 0 : arrivals_.front().end;
}

void BacklogMeter::extend_span(Time arrival, size_t bytes, bool queued) {
  if (!span_start_) {
    span_start_ = arrival;
    span_bytes_ = 0;
    span_queued_ = queued;
  } else {
    span_bytes_ += bytes;
    span_queued_ = span_queued_ && queued;
    if (arrival - *span_start_ >= kSampleTime && span_bytes_ >= kSampleBytes) {
      take_sample({span_bytes_, arrival - *span_start_}, span_queued_);
      span_start_ = arrival;
      span_bytes_ = 0;
      span_queued_ = queued;
    }
  }
  const auto last =
      std::find_if(marks_.rbegin(), marks_.rend(), [&](const Mark& mark) { return mark.sent <= arrival; });
  const uint64_t sent_by_then = last == marks_.rend() ? consumed_ : last->end;
  // A reader keeps a small credit back until it has more of it.
  if (sent_by_then - consumed_ < limits::kCreditFloor) span_start_.reset();
}

void BacklogMeter::take_sample(Sample sample, bool queued) {
  if (!queued) {
    unqueued_ = {unqueued_.bytes + sample.bytes, unqueued_.time + sample.time};
    if (saturated_ && unqueued_.bytes < kMoreThanBurst) return;
    const double rate = static_cast<double>(unqueued_.bytes) / in_seconds(unqueued_.time);
    unqueued_ = {};
    if (rate_ == 0 || rate > rate_ * kFaster) {
      rate_ = rate;
      saturated_ = false;
      queued_samples_.clear();
    }
    return;
  }
  unqueued_ = {};
  queued_samples_.push_back(sample);
  Sample sum{0, Duration(0)};
  for (const Sample& one : queued_samples_) sum = {sum.bytes + one.bytes, sum.time + one.time};
  while (queued_samples_.size() > kQueuedSamples && sum.time > kQueuedMemory) {
    sum = {sum.bytes - queued_samples_.front().bytes, sum.time - queued_samples_.front().time};
    queued_samples_.pop_front();
  }
  if (queued_samples_.size() < kQueuedSamples || sum.time < kQueuedLeast) return;
  const Sample slowest = *std::min_element(queued_samples_.begin(), queued_samples_.end(), [](Sample a, Sample b) {
    return static_cast<double>(a.bytes) / in_seconds(a.time) < static_cast<double>(b.bytes) / in_seconds(b.time);
  });
  sum = {sum.bytes - slowest.bytes, sum.time - slowest.time};
  rate_ = static_cast<double>(sum.bytes) / in_seconds(sum.time);
  saturated_ = true;
}

Backlog BacklogMeter::backlog(size_t window) const {
  return {static_cast<size_t>(sent_ - consumed_), window,
          static_cast<uint64_t>(rate_ > 0 ? std::max(rate_, 1.0) : least_rate_), saturated_,
          std::chrono::duration<double>(latency_.value_or(Duration(0))), reader_is_behind_};
}

}  // namespace docker_sync
