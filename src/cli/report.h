// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The report for people: a row for each name of the source, and a last line that counts. Programs get the same from
// json.h. Pure: the time and whether colours are wanted come from outside.
#pragma once

#include <ctime>
#include <string>
#include <vector>

#include "cli/route.h"
#include "sync/sync.h"

namespace docker_sync {

struct TableStyle {
  time_t now = 0;
  bool colours = false;
};

/// Columns as wide as what is in them; all lines end with a line break.
[[nodiscard]] std::string report_table(const Report& report, const Route& route, const TableStyle& style);

/// The part of a report that the user selected by name or status; all of it where nothing was selected.
[[nodiscard]] Report select_from(Report report, const Selection& selection);

/// The named images that are on neither side of the report.
[[nodiscard]] std::vector<Reference> missing_in(const Report& report, const Selection& selection);

/// "here", "there", "same", or nothing where it cannot be known or there is but one.
[[nodiscard]] std::string_view newer_side(Newer newer, const Route& route);

}  // namespace docker_sync
