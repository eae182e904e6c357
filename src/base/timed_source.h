// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "base/io.h"
#include "base/stage_times.h"

namespace docker_sync {

/// A stream whose reader waits in a stage of its own.
class TimedSource : public Source {
 public:
  TimedSource(Source& below, StageTimes& times, std::string_view stage)
      : below_(&below), times_(&times), stage_(stage) {}
  [[nodiscard]] size_t read(MutableBytes out) override {
    InStage stage(*times_, stage_);
    const size_t count = below_->read(out);
    stage.add_bytes(count);
    return count;
  }

 private:
  Source* below_;
  StageTimes* times_;
  std::string_view stage_;
};

}  // namespace docker_sync
