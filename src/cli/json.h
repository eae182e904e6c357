// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What --json writes: one document, the report's or the sync's, or one with those
// of several destinations. docker-sync(1) describes the fields; none is renamed
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
/// `times`: null where nobody asked for them.
[[nodiscard]] std::string sync_json(const std::vector<Outcome>& outcomes, const Route& route, const Totals& totals,
                                    const RunTimes* times = nullptr);

/// In place of either, where a destination among several could not be synced at all.
[[nodiscard]] std::string failure_json(const Error& error, const Route& route);

/// The documents of several destinations as one.
[[nodiscard]] std::string destinations_json(const std::vector<std::string>& documents);

}  // namespace docker_sync
