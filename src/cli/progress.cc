// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.h"
#include "cli/amount.h"
#include "cli/results.h"
#include "cli/terminal.h"

namespace docker_sync {

namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kDrawEvery{250};
constexpr std::chrono::seconds kRecent{1};

std::string_view verb(Stage stage) {
  switch (stage) {
    case Stage::reading: return "reading";
    case Stage::indexing: return "reading the basis";
    case Stage::comparing: return "comparing";
    case Stage::sending: return "sending";
    case Stage::loading: return "loading";
  }
  return "working";
}

/// Stages go on side by side. That of several which is nearest to what the user waits for.
constexpr std::array kByInterest{Stage::sending, Stage::loading, Stage::comparing, Stage::indexing, Stage::reading};

size_t index_of(Stage stage) { return static_cast<size_t>(stage); }

std::vector<Digest> travelling(const ImagePlan& plan) {
  std::vector<Digest> layers;
  for (const PlannedLayer& layer : plan.layers) {
    if (layer.origin == LayerOrigin::travels) layers.push_back(layer.diff_id);
  }
  return layers;
}

}  // namespace

void RateMeter::add(Time time, uint64_t bytes) {
  if (bytes < samples_.back().bytes) samples_ = {{samples_.back().time, 0}};
  samples_.push_back({time, bytes});
  while (samples_.size() > 2 && time - samples_[1].time >= kWindow) samples_.pop_front();
}

double RateMeter::rate() const {
  const double seconds = duration<double>(samples_.back().time - samples_.front().time).count();
  if (seconds <= 0) return 0;
  return static_cast<double>(samples_.back().bytes - samples_.front().bytes) / seconds;
}

ProgressLine::ProgressLine(const ImagePlan& plan, size_t number, size_t count, Time start)
    : head_(fmt::format("[{}/{}] {}  ", number, count, plan.name.familiar())),
      plan_(describe_plan(plan)),
      needed_(travelling(plan)),
      image_bytes_(plan.source.size),
      start_(start) {}

void ProgressLine::update(const Progress& progress, Time time) {
  const size_t index = index_of(progress.stage);
  if (index >= kStages) return;
  std::optional<StageState>& stage = stages_.at(index);
  if (!stage) stage = StageState{progress, time, RateMeter(start_)};
  stage->progress = progress;
  stage->updated = time;
  stage->meter.add(time, progress.done);
  // An engine does not say how long its archive will be; it is little more than the image.
  const bool within_image = progress.stage == Stage::reading && progress.done <= image_bytes_;
  if (progress.total == 0 && within_image) stage->progress.total = image_bytes_;
}

void ProgressLine::update_link(uint64_t bytes, Time time) {
  if (!link_) link_.emplace(time, bytes);
  link_->add(time, bytes);
}

const ProgressLine::StageState* ProgressLine::shown_stage(Time time) const {
  const StageState* latest = nullptr;
  for (const Stage kind : kByInterest) {
    const auto& stage = stages_.at(index_of(kind));
    if (!stage) continue;
    if (time - stage->updated < kRecent) return &*stage;
    if (latest == nullptr || stage->updated > latest->updated) latest = &*stage;
  }
  return latest;
}

std::string ProgressLine::stage_text(const StageState& stage) const {
  const Progress& progress = stage.progress;
  std::string text(verb(progress.stage));
  if (progress.layer) {
    const auto found = std::find(needed_.begin(), needed_.end(), *progress.layer);
    if (found != needed_.end()) text += fmt::format(" layer {}/{}", found - needed_.begin() + 1, needed_.size());
  }
  text += "  " + short_bytes(progress.done);
  if (progress.total > 0) {
    const uint64_t done = std::min(progress.done, progress.total);
    const auto percent = static_cast<unsigned>(100.0 * static_cast<double>(done) / static_cast<double>(progress.total));
    text += fmt::format(" of {}  {}%", short_bytes(progress.total), percent);
  }
  const bool over_the_link = progress.stage == Stage::comparing || progress.stage == Stage::sending;
  return text + "  " + short_rate(over_the_link && link_ ? link_->rate() : stage.meter.rate());
}

std::string ProgressLine::text(size_t columns, Time time) const {
  const StageState* stage = shown_stage(time);
  const std::string tail = stage == nullptr ? plan_ : stage_text(*stage);
  // Numbers are what changes: of a name that is too long the end is left out.
  std::string line = head_;
  if (line.size() + tail.size() > columns && tail.size() + 5 <= columns) {
    line = line.substr(0, columns - tail.size() - 5) + "...  ";
  }
  return (line + tail).substr(0, columns);
}

TerminalProgress::TerminalProgress(Observer& below, std::function<uint64_t()> link_bytes)
    : below_(below), link_bytes_(std::move(link_bytes)) {
  drawer_ = std::thread([this] { draw_loop(); });
}

TerminalProgress::~TerminalProgress() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    if (line_) erase();
  }
  changed_.notify_all();
  drawer_.join();
}

void TerminalProgress::begin(const ImagePlan& plan, size_t number, size_t count) {
  {
    const std::lock_guard lock(mutex_);
    line_.emplace(plan, number, count, steady_clock::now());
    draw();
  }
  below_.begin(plan, number, count);
}

void TerminalProgress::progress(const Progress& progress) {
  {
    const std::lock_guard lock(mutex_);
    if (!line_) return;
    line_->update(progress, steady_clock::now());
    draw();
  }
  below_.progress(progress);
}

void TerminalProgress::finish(const Outcome& outcome) {
  {
    const std::lock_guard lock(mutex_);
    if (line_) erase();
    line_.reset();
  }
  below_.finish(outcome);
}

void TerminalProgress::draw_loop() {
  std::unique_lock lock(mutex_);
  while (!over_) {
    changed_.wait_for(lock, kDrawEvery);
    if (!over_ && line_) draw();
  }
}

void TerminalProgress::draw() {
  const auto now = steady_clock::now();
  line_->update_link(link_bytes_(), now);
  const size_t columns = terminal_columns(STDERR_FILENO);
  // The last column stays free: a terminal that wraps there would not go back to the line's start.
  set_progress_shown(true);
  const std::string text = "\r" + line_->text(columns > 1 ? columns - 1 : 1, now) + "\033[K";
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, text.data(), text.size());
}

void TerminalProgress::erase() {
  set_progress_shown(false);
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, "\r\033[K", 4);
}

}  // namespace docker_sync
