// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What a person at a terminal sees while an image is on its way: one line, drawn again and again, and gone when there
// is a result to print in its place. ProgressLine makes the text and knows no terminal; TerminalProgress draws it.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "sync/sync.h"

namespace docker_sync {

/// Bytes per second over the last few seconds.
class RateMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit RateMeter(Time start, uint64_t bytes = 0) : samples_{{start, bytes}} {}
  /// `bytes` altogether by then; less than before means that something else is counted from now on.
  void add(Time time, uint64_t bytes);
  [[nodiscard]] double rate() const;

 private:
  static constexpr std::chrono::seconds kWindow{4};
  struct Sample {
    Time time;
    uint64_t bytes;
  };
  std::deque<Sample> samples_;  ///< as many as are added within the window
};

class ProgressLine {
 public:
  using Time = RateMeter::Time;

  ProgressLine(const ImagePlan& plan, size_t number, size_t count, Time start);

  void update(const Progress& progress, Time time);
  /// Bytes over the link so far, both ways together.
  void update_link(uint64_t bytes, Time time);

  /// At most `columns` wide, without line break.
  [[nodiscard]] std::string text(size_t columns, Time time) const;

 private:
  struct StageState {
    Progress progress;
    Time updated;
    RateMeter meter;
  };
  static constexpr size_t kStages = 5;

  [[nodiscard]] const StageState* shown_stage(Time time) const;
  [[nodiscard]] std::string stage_text(const StageState& stage) const;

  std::string head_, plan_;
  std::vector<Digest> needed_;    ///< the layers that travel, in their order
  uint64_t image_bytes_;
  Time start_;
  std::array<std::optional<StageState>, kStages> stages_;
  std::optional<RateMeter> link_;
};

/// Draws on standard error, four times a second and when something happens. Results go to `below`.
class TerminalProgress : public Observer {
 public:
  /// `link_bytes`: called by the drawing thread.
  TerminalProgress(Observer& below, std::function<uint64_t()> link_bytes);
  ~TerminalProgress() override;

  void begin(const ImagePlan& plan, size_t number, size_t count) override;
  void progress(const Progress& progress) override;
  void finish(const Outcome& outcome) override;

 private:
  void draw_loop();
  void draw();   ///< REQUIRES: mutex_ held
  void erase();  ///< likewise

  Observer& below_;
  std::function<uint64_t()> link_bytes_;
  std::mutex mutex_;  ///< guards all below
  std::condition_variable changed_;
  std::optional<ProgressLine> line_;
  bool over_ = false;
  std::thread drawer_;
};

}  // namespace docker_sync
