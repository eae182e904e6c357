// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/arrived_contents.h"

#include <chrono>
#include <utility>

namespace docker_sync {

namespace {

/// Small contents share a spool up to that size, and of large ones so much is handed on at a time.
constexpr uint64_t kChunk = 1 << 20;
/// Memory that is left to others: forms and drafts.
constexpr uint64_t kLeft = uint64_t{32} << 20;
/// Until all is offered nothing can be given up. That is waited for, but for no longer than so many ticks, nor if less
/// is offered in one than what is read in place would be: what is saved may come a minute later.
constexpr int kTicks = 12;
constexpr std::chrono::milliseconds kTick{500};
constexpr uint64_t kOfferedInTick = 50'000'000;

}  // namespace

/// Bytes in parts, each given up once what lies behind it is read, if nothing else will read it. Written by one thread,
/// read by another one, in order.
class ArrivedContents::Coming : public Sink, public RandomAccess {
 public:
  Coming(ArrivedContents& all, uint64_t number, uint64_t size) : all_(&all), number_(number), size_(size) {}

  void write(ByteView bytes) override;
  [[nodiscard]] uint64_t size() const override { return size_; }
  void read_at(uint64_t offset, MutableBytes out) const override;

 private:
  [[nodiscard]] Place part_at(uint64_t offset) const;

  ArrivedContents* all_;
  const uint64_t number_, size_;
  uint64_t written_ = 0;             ///< for who writes
  mutable std::deque<Place> parts_;  ///< of kChunk bytes each; guarded, like the next one, by the mutex of all
  mutable uint64_t given_up_ = 0;    ///< parts before those
};

void ArrivedContents::Coming::write(ByteView bytes) {
  while (!bytes.empty()) {
    const uint64_t in_part = written_ % kChunk;
    const uint64_t part_size = std::min(kChunk, size_ - (written_ - in_part));
    if (in_part == 0) all_->begin_part(number_, part_size);
    const ByteView now = bytes.first(static_cast<size_t>(std::min<uint64_t>(bytes.size(), part_size - in_part)));
    all_->spool_->write(now);
    written_ += now.size();
    bytes = bytes.subspan(now.size());
    if (in_part + now.size() < part_size) continue;
    Place place = all_->end_part();
    const std::lock_guard lock(all_->mutex_);
    parts_.push_back(std::move(place));
    all_->came(number_);
  }
}

void ArrivedContents::Coming::read_at(uint64_t offset, MutableBytes out) const {
  while (!out.empty()) {
    const Place part = part_at(offset);
    const MutableBytes now = out.first(static_cast<size_t>(std::min<uint64_t>(out.size(), kChunk - offset % kChunk)));
    part.bytes->read_at(part.offset + offset % kChunk, now);
    offset += now.size();
    out = out.subspan(now.size());
  }
}

ArrivedContents::Place ArrivedContents::Coming::part_at(uint64_t offset) const {
  const uint64_t wanted = offset / kChunk;
  const auto has_come = [&] { return wanted < given_up_ + parts_.size(); };
  std::unique_lock lock(all_->mutex_);
  if (!has_come()) all_->wait_until(number_, lock, has_come);
  const Content& content = all_->contents_.at(static_cast<size_t>(number_));
  if (given_up_ < wanted && all_->is_given_up(content)) {
    parts_.erase(parts_.begin(), parts_.begin() + static_cast<ptrdiff_t>(wanted - given_up_));
    given_up_ = wanted;
    all_->changed_.notify_all();
  }
  return parts_.at(static_cast<size_t>(wanted - given_up_));
}

ArrivedContents::ArrivedContents(const SpoolSpace& space, StageTimes& times, Reading reading)
    : space_(space), times_(times), reading_(reading), patience_(kTicks) {}

uint64_t ArrivedContents::expect() {
  const std::lock_guard lock(mutex_);
  contents_.emplace_back();
  return contents_.size() - 1;
}

uint64_t ArrivedContents::expect_once() {
  const std::lock_guard lock(mutex_);
  contents_.emplace_back().once = true;
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
  if (is_given_up(content)) content.place.bytes.reset();
}

bool ArrivedContents::is_given_up(const Content& content) const {
  return !may_repeat(content) && reading_ == Reading::once && content.uses == 0;
}

Sink& ArrivedContents::begin(uint64_t number, uint64_t size, HandOn hand_on) {
  if (hand_on == HandOn::when_right || size <= kChunk) {
    begin_part(number, size);
    return *spool_;
  }
  coming_ = std::make_shared<Coming>(*this, number, size);
  put(number, {coming_, 0});
  return *coming_;
}

void ArrivedContents::begin_part(uint64_t number, uint64_t size) {
  if (wait_for_memory(number, size)) {
    if (!chunk_ || chunk_->size() + size > kChunk) chunk_ = std::make_shared<Spool>(space_);
    spool_ = chunk_;
  } else {
    if (!on_disk_) on_disk_ = std::make_shared<Spool>(space_, Spool::Begin::on_disk);
    spool_ = on_disk_;
  }
  begin_ = spool_->size();
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
  const Content& content = contents_.at(static_cast<size_t>(number));
  while (may_repeat(content) && !has_changed() && patience_ > 0) {
    const uint64_t before = offered_;
    const bool ended = changed_.wait_for(lock, kTick, [&] { return !may_repeat(content) || has_changed(); });
    --patience_;
    if (!ended && offered_ - before < kOfferedInTick) patience_ = 0;
  }
  if (!may_repeat(content)) changed_.wait(lock, has_changed);
  // What is waited for comes first.
  return awaited_ == number ? space_.memory_left() >= size : is_there();
}

ArrivedContents::Place ArrivedContents::end_part() {
  spool_->flush();  // Only who writes can, and may soon wait for the next one.
  return {spool_, begin_};
}

void ArrivedContents::arrived(uint64_t number) {
  if (!std::exchange(coming_, nullptr)) put(number, end_part());
  const std::lock_guard lock(mutex_);
  ++there_;
}

void ArrivedContents::arrived(uint64_t number, std::shared_ptr<const RandomAccess> bytes) {
  put(number, {std::move(bytes), 0});
  const std::lock_guard lock(mutex_);
  ++there_;
}

void ArrivedContents::put(uint64_t number, Place place) {
  const std::lock_guard lock(mutex_);
  contents_.at(static_cast<size_t>(number)).place = std::move(place);
  came(number);
}

void ArrivedContents::came(uint64_t number) {
  // Now, not when the reader wakes: until then what comes next would not wait for it.
  if (awaited_ == number) awaited_.reset();
  changed_.notify_all();
}

ArrivedContents::Place ArrivedContents::take(uint64_t number) {
  std::unique_lock lock(mutex_);
  Content& content = contents_.at(static_cast<size_t>(number));
  const auto is_there = [&] { return content.place.bytes != nullptr; };
  if (!is_there()) wait_until(number, lock, is_there);
  Place place = content.place;
  if (content.uses > 0) --content.uses;
  give_up(content);
  changed_.notify_all();
  return place;
}

void ArrivedContents::wait_until(uint64_t number, std::unique_lock<std::mutex>& lock,
                                 const std::function<bool()>& is_there) {
  const InStage stage(times_, "wait for contents");
  awaited_ = number;
  changed_.notify_all();
  changed_.wait(lock, [&] { return error_ || is_there(); });
  if (!is_there()) throw Error(*error_);
}

}  // namespace docker_sync
