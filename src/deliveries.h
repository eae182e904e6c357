// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// One delivery, or one to each of several destinations at the same time: none waits for another, and one that fails
// stops no other. What is said at the end is said of all of them together.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "cli/signals.h"
#include "delivery.h"

namespace docker_sync {

/// Says how it went, all but what must be thrown where there is one destination. `leave` ends the program at once, with
/// ExitCode::interrupted. Of several failures the first one's code counts, in the order of the destinations.
[[nodiscard]] ExitCode deliver(const Options& options, const ReachOptions& reach, SignalWatcher& signals,
                               const std::function<void()>& leave);

}  // namespace docker_sync
