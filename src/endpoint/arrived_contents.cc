// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/arrived_contents.h"

#include <chrono>
#include <utility>

namespace docker_sync {

namespace {

/// Small contents share a spool up to that size.
constexpr uint64_t kChunk = 1 << 20;
/// Memory that is left to others: forms and drafts.
constexpr uint64_t kLeft = uint64_t{32} << 20;
/// Until all is offered nothing can be given up. That is waited for, but for no longer than so many ticks, nor if less
/// is offered in one than what is read in place would be: what is saved may come a minute later.
constexpr int kTicks = 12;
constexpr std::chrono::milliseconds kTick{500};
constexpr uint64_t kOfferedInTick = 50'000'000;

}  // namespace

ArrivedContents::ArrivedContents(const SpoolSpace& space, StageTimes& times, Reading reading)
    : space_(space), times_(times), reading_(reading), patience_(kTicks) {}

uint64_t ArrivedContents::expect() {
  const std::lock_guard lock(mutex_);
  contents_.emplace_back();
  return contents_.size() - 1;
}

void ArrivedContents::expect_again(uint64_t number) {
  const std::lock_guard lock(mutex_);
  ++contents_.at(static_cast<size_t>(number)).uses;
}

void ArrivedContents::offered(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  offered_ += bytes;
}

void ArrivedContents::no_more() {
  const std::lock_guard lock(mutex_);
  no_more_ = true;
  for (Content& content : contents_) give_up(content);
  changed_.notify_all();
}

bool ArrivedContents::has_all() {
  const std::lock_guard lock(mutex_);
  return no_more_ && there_ == contents_.size();
}

void ArrivedContents::close(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = error;
  changed_.notify_all();
}

void ArrivedContents::give_up(Content& content) {
  if (no_more_ && reading_ == Reading::once && content.uses == 0) content.place.bytes.reset();
}

Sink& ArrivedContents::begin(uint64_t number, uint64_t size) {
  if (wait_for_memory(number, size)) {
    if (!chunk_ || chunk_->size() + size > kChunk) chunk_ = std::make_shared<Spool>(space_);
    spool_ = chunk_;
  } else {
    if (!on_disk_) on_disk_ = std::make_shared<Spool>(space_, Spool::Begin::on_disk);
    spool_ = on_disk_;
  }
  begin_ = spool_->size();
  return *spool_;
}

bool ArrivedContents::wait_for_memory(uint64_t number, uint64_t size) {
  const auto is_there = [&] { return space_.memory_left() >= size + kLeft; };
  if (is_there()) return true;
  if (reading_ == Reading::again || size + kLeft > space_.memory()) return false;
  chunk_.reset();  // Its contents may be all that is held.
  spool_.reset();
  const InStage stage(times_, "wait for memory");
  std::unique_lock lock(mutex_);
  // Who reads may need this very content, or one that comes after it.
  const auto has_changed = [&] { return is_there() || awaited_ || error_; };
  while (!no_more_ && !has_changed() && patience_ > 0) {
    const uint64_t before = offered_;
    const bool ended = changed_.wait_for(lock, kTick, [&] { return no_more_ || has_changed(); });
    --patience_;
    if (!ended && offered_ - before < kOfferedInTick) patience_ = 0;
  }
  if (no_more_) changed_.wait(lock, has_changed);
  // What is waited for comes first.
  return awaited_ == number ? space_.memory_left() >= size : is_there();
}

void ArrivedContents::arrived(uint64_t number) {
  spool_->flush();  // Only who writes can, and may soon wait for the next one.
  put(number, {spool_, begin_});
}

void ArrivedContents::arrived(uint64_t number, std::shared_ptr<const RandomAccess> bytes) {
  put(number, {std::move(bytes), 0});
}

void ArrivedContents::put(uint64_t number, Place place) {
  const std::lock_guard lock(mutex_);
  contents_.at(static_cast<size_t>(number)).place = std::move(place);
  ++there_;
  // Now, not when the reader wakes: until then what comes next would not wait for it.
  if (awaited_ == number) awaited_.reset();
  changed_.notify_all();
}

ArrivedContents::Place ArrivedContents::take(uint64_t number) {
  std::unique_lock lock(mutex_);
  Content& content = contents_.at(static_cast<size_t>(number));
  if (!content.place.bytes) {
    const InStage stage(times_, "wait for contents");
    awaited_ = number;
    changed_.notify_all();
    changed_.wait(lock, [&] { return content.place.bytes || error_; });
  }
  if (!content.place.bytes) throw Error(*error_);
  Place place = content.place;
  if (content.uses > 0) --content.uses;
  give_up(content);
  changed_.notify_all();
  return place;
}

}  // namespace docker_sync
