// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What --json writes: one document, the report's or the sync's. docker-sync(1) describes the fields; none is renamed
// or removed, since programs read them.
#pragma once

#include <string>
#include <vector>

#include "cli/results.h"
#include "cli/route.h"
#include "sync/sync.h"

namespace docker_sync {

/// Both end with a line break. Text that is not UTF-8 has U+FFFD in its place.
[[nodiscard]] std::string report_json(const Report& report, const Route& route, uint64_t helper_uploaded);
[[nodiscard]] std::string sync_json(const std::vector<Outcome>& outcomes, const Route& route, const Totals& totals);

}  // namespace docker_sync
