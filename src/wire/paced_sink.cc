// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "wire/paced_sink.h"

#include <algorithm>

namespace docker_sync {

namespace {

/// What is compressed at a time, and how many of them may wait.
constexpr size_t kBlockBytes = 128 << 10, kBlocksAhead = 8;
/// How often the level is thought over.
constexpr size_t kStepBytes = 512 << 10;
/// What a link that was fast gets before it has shown that it still is: not much to wait for if it is not.
constexpr size_t kTrusted = 1 << 20;
/// How long a link must be slow to be taken for one that is slower than it was: hosts that begin to work are busy.
constexpr std::chrono::seconds kSlowFor(1);
/// Less than that says too little of a link.
constexpr uint64_t kTellingBytes = 1 << 20;

}  // namespace

void PacedSink::TimedWriter::write(ByteView bytes) {
  const auto start = Clock::now();
  writer_.write(bytes);
  written_ += bytes.size();
  count(Clock::now() - start, for_link_);
}

void PacedSink::TimedWriter::wait_for_room() {
  const auto start = Clock::now();
  bool measured = false;
  writer_.wait_for([&](const Backlog& backlog) {
    measured = backlog.saturated;
    const size_t trusted = backlog.bytes_per_second == 0 ? std::min(trusted_, backlog.window) : 0;
    return backlog.bytes <= std::max(trusted, allowance(backlog));
  });
  count(Clock::now() - start, measured ? for_link_ : for_measure_);
}

PacedSink::PacedSink(Connection::Writer below, std::optional<int> fixed_level, const ExpectedLink& expected)
    : fixed_level_(fixed_level),
      expected_(expected),
      writer_(below, expected.rate.bytes_per_second >= kFastLink ? kTrusted : 0),
      zstd_(writer_, fixed_level.value_or(Pace(expected.rate.bytes_per_second).level())),
      pace_(expected.rate.bytes_per_second) {
  block_.reserve(kBlockBytes);
  compressor_ = std::thread([this] { compress_all(); });
}

PacedSink::~PacedSink() {
  if (!finished_) {
    // An error is on its way up: the stream may be what it is about, and must not be waited for.
    writer_.stream().abandon();
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  compressor_.join();
}

void PacedSink::write(ByteView bytes) {
  while (!bytes.empty()) {
    const size_t count = std::min(bytes.size(), kBlockBytes - block_.size());
    block_.insert(block_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    if (block_.size() == kBlockBytes) hand_over(Then::go_on);
  }
}

void PacedSink::flush() { hand_over(Then::flush); }

void PacedSink::finish() {
  hand_over(Then::finish);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return done_ || error_; });
  if (error_) std::rethrow_exception(error_);
  finished_ = true;
}

void PacedSink::hand_over(Then then) {
  Bytes block;
  block.reserve(kBlockBytes);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return jobs_.size() < kBlocksAhead || error_; });
  if (error_) std::rethrow_exception(error_);
  jobs_.push_back({std::exchange(block_, std::move(block)), then});
  changed_.notify_all();
}

PacedSink::Job PacedSink::next_job() {
  const auto start = Clock::now();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopped_ || !jobs_.empty(); });
  if (stopped_) throw Error(ExitCode::internal, "this stream was given up");
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  changed_.notify_all();
  starved_ += Clock::now() - start;
  return job;
}

void PacedSink::compress_all() {
  try {
    while (true) {
      const Job job = next_job();
      const auto start = Clock::now();
      if (!job.bytes.empty()) {
        if (!fixed_level_) writer_.wait_for_room();
        zstd_.write(job.bytes);
        if (!fixed_level_) follow_pace(job.bytes.size());
        if (expected_.needs_fast) check_link();
      }
      if (job.then == Then::flush) zstd_.flush();
      worked_ += Clock::now() - start;
      written_ += job.bytes.size();
      if (job.then == Then::finish) break;
    }
    zstd_.finish();
    const std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_all();
  } catch (...) {
    const std::lock_guard lock(mutex_);
    error_ = std::current_exception();
    changed_.notify_all();
  }
}

void PacedSink::tell(StageTimes& times) const {
  const Clock::duration waited = writer_.waited();
  times.add("compress", worked_ - waited, written_);
  times.add("wait for the link", waited, writer_.written());
}

void PacedSink::follow_pace(size_t bytes) {
  since_last_ += bytes;
  if (since_last_ < kStepBytes) return;
  const auto now = Clock::now();
  const auto [for_link, for_measure] = writer_.take_times();
  const std::chrono::duration<double> all = now - last_, working = all - for_link - for_measure - starved_;
  const Backlog link = backlog();
  Pace::Shares shares{working / all, for_link / all};
  if (link.bytes_per_second > 0) {
    const auto handed_over = static_cast<double>(writer_.written() - written_last_);
    shares.link_used = handed_over / (static_cast<double>(link.bytes_per_second) * all.count());
  }
  int level = 0;
  {
    const std::lock_guard lock(mutex_);
    level = pace_.next(now, link, shares);
  }
  written_last_ = writer_.written();
  zstd_.set_level(level);
  since_last_ = 0;
  last_ = now;
  starved_ = {};
}

void PacedSink::check_link() {
  const auto now = Clock::now();
  const Backlog link = writer_.stream().backlog();
  if (!link.saturated || link.bytes_per_second >= kTooSlowLink) return slow_since_.reset();
  if (!slow_since_) slow_since_ = now;
  if (now - *slow_since_ < kSlowFor) return;
  gave_up_ = true;
  throw Error(ExitCode::connection, "the link is slower than it was");
}

Backlog PacedSink::backlog() const {
  Backlog backlog = writer_.stream().backlog();
  if (!backlog.saturated)
    backlog.bytes_per_second = std::max(backlog.bytes_per_second, expected_.rate.bytes_per_second);
  return backlog;
}

LinkRate PacedSink::link() const {
  const Backlog backlog = writer_.stream().backlog();
  if (!backlog.saturated && writer_.written() < kTellingBytes) return {};
  return {backlog.bytes_per_second, backlog.saturated};
}

bool PacedSink::leaves_time() const { return fixed_level_ || docker_sync::leaves_time(backlog()); }

bool PacedSink::outruns_deflating() const { return !fixed_level_ && docker_sync::outruns_deflating(backlog()); }

bool PacedSink::outruns_core() const { return !fixed_level_ && docker_sync::outruns_core(backlog()); }

Pace::PatchWork PacedSink::patch_work() {
  if (fixed_level_) return {*fixed_level_, true};
  const std::lock_guard lock(mutex_);
  return pace_.patch_work(backlog());
}

}  // namespace docker_sync
