// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/timings.h"

#include <fmt/format.h>

namespace docker_sync {

namespace {

void put_stages(std::string& text, const std::string& where, const StageTimes& times) {
  for (const StageTimes::Entry& entry : times.all()) {
    const double seconds = std::chrono::duration<double>(entry.time).count();
    const double megabytes = static_cast<double>(entry.bytes) / 1e6;
    text += fmt::format("{:<12} {:<20} {:>9.3f}", where, entry.stage, seconds);
    if (entry.bytes > 0) text += fmt::format(" {:>10.3f}", megabytes);
    if (entry.bytes > 0 && seconds >= 0.001) text += fmt::format(" {:>9.1f}", megabytes / seconds);
    text += "\n";
  }
}

}  // namespace

std::string timings_table(const RunTimes& times, const Route& route) {
  std::string text = fmt::format("\n{:<12} {:<20} {:>9} {:>10} {:>9}\n", "at", "stage", "seconds", "MB", "MB/s");
  put_stages(text, "run", times.controller);
  put_stages(text, "source", times.source);
  put_stages(text, "destination", times.destination);
  return text + fmt::format("source: {}, destination: {}\n", route.source(), route.destination());
}

}  // namespace docker_sync
