// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/in_parts.h"

#include <algorithm>
#include <thread>

#include "base/task_group.h"

namespace docker_sync {

namespace {

/// A thread is worth its start for so much.
constexpr uint64_t kLeastPerPart = 4 << 20;

}  // namespace

void in_parts(uint64_t size, uint64_t unit, const std::function<void(size_t, uint64_t, uint64_t)>& work) {
  const uint64_t cores = std::max(1U, std::thread::hardware_concurrency());
  const uint64_t parts = std::clamp<uint64_t>(size / kLeastPerPart, 1, std::min<uint64_t>(cores, kMostParts));
  const uint64_t bytes_each = size / unit / parts * unit;
  TaskGroup tasks([](const Error&) {});  // The others end soon enough.
  for (size_t part = 1; part < parts; ++part) {
    tasks.run([=, &work] { work(part, part * bytes_each, part + 1 == parts ? size : (part + 1) * bytes_each); });
  }
  tasks.run_here([=, &work] { work(0, 0, parts == 1 ? size : bytes_each); });
  tasks.wait();
}

}  // namespace docker_sync
