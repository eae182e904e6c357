// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What --timings prints: where the time of a run went, in this program and at its ends.
#pragma once

#include <string>

#include "cli/route.h"
#include "sync/session.h"

namespace docker_sync {

/// A line for each stage: seconds that threads were in it, MB that went through it, and its speed. Begins and ends with
/// a line break.
[[nodiscard]] std::string timings_table(const RunTimes& times, const Route& route);

}  // namespace docker_sync
