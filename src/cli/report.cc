// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/amount.h"

namespace docker_sync {

namespace {

constexpr size_t kColumns = 5;
using Row = std::array<std::string, kColumns>;
constexpr size_t kStatusColumn = 1;

constexpr std::string_view kNothing = "-";
constexpr std::string_view kGreen = "\033[32m", kYellow = "\033[33m", kCyan = "\033[36m", kPlain = "\033[0m";

std::string_view colour_of(Status status) {
  switch (status) {
    case Status::current: return kGreen;
    case Status::need_update: return kYellow;
    case Status::new_image: return kCyan;
  }
  return kPlain;
}

std::string upper(std::string_view word) {
  std::string text(word);
  for (char& c : text) c = static_cast<char>(c - 'a' + 'A');
  return text;
}

Row make_row(const ImagePlan& plan, const Route& route, time_t now) {
  const std::string source = age_of(plan.source.created, now);
  const std::string destination(plan.destination ? age_of(plan.destination->created, now) : kNothing);
  const std::string_view newer = plan.status == Status::need_update ? newer_side(plan.newer, route) : "";
  return {plan.name.familiar(), std::string(name_of(plan.status)), std::string(newer.empty() ? kNothing : newer),
          route.push ? source : destination, route.push ? destination : source};
}

void put_row(std::string& table, const Row& row, const std::array<size_t, kColumns>& widths, std::string_view colour) {
  for (size_t i = 0; i < kColumns; ++i) {
    const bool coloured = i == kStatusColumn && !colour.empty();
    if (coloured) table += colour;
    table += row[i];
    if (coloured) table += kPlain;
    if (i + 1 < kColumns) table.append(widths[i] - row[i].size() + 2, ' ');
  }
  table += '\n';
}

std::string counts_line(const Report& report, const Route& route) {
  const auto count = [&](Status status) {
    return std::count_if(report.images.begin(), report.images.end(),
                         [&](const ImagePlan& plan) { return plan.status == status; });
  };
  std::string line = fmt::format("{} current, {} need update, {} new", count(Status::current),
                                 count(Status::need_update), count(Status::new_image));
  size_t only = 0;
  for (const ImageInfo& image : report.only_there) only += image.names.size();
  if (only > 0) {
    line += fmt::format("; only {}{}: {}", route.between_others() ? "at the " : "", route.destination_word(), only);
  }
  const uint64_t here = route.push ? report.untagged_source : report.untagged_destination;
  const uint64_t there = route.push ? report.untagged_destination : report.untagged_source;
  if (here + there > 0)
    line += fmt::format("; untagged, skipped: {} {}, {} {}", here, route.here_word(), there, route.there_word());
  return line + "\n";
}

bool is_at_source(const Report& report, const Reference& name) {
  return std::any_of(report.images.begin(), report.images.end(),
                     [&](const ImagePlan& plan) { return plan.name == name; });
}

std::vector<Reference> resolve_names(const Selection& selection, const Report& report) {
  return resolve_names(selection, [&](const Reference& name) { return is_at_source(report, name); });
}

bool is_named(const Reference& name, const std::vector<Reference>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_selected(const ImagePlan& plan, const std::vector<Reference>& names, const Selection& selection) {
  return selection.all || is_named(plan.name, names) || (selection.update && plan.status == Status::need_update) ||
         (selection.new_images && plan.status == Status::new_image);
}

}  // namespace

std::string_view newer_side(Newer newer, const Route& route) {
  switch (newer) {
    case Newer::source: return route.source_word();
    case Newer::destination: return route.destination_word();
    case Newer::same: return "same";
    case Newer::unknown: break;
  }
  return {};
}

std::string report_table(const Report& report, const Route& route, const TableStyle& style) {
  std::vector<Row> rows{{"IMAGE", "STATUS", "NEWER", upper(route.here_word()), upper(route.there_word())}};
  for (const ImagePlan& plan : report.images) rows.push_back(make_row(plan, route, style.now));
  std::array<size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string table;
  for (size_t i = 0; i < rows.size(); ++i) {
    put_row(table, rows[i], widths, i > 0 && style.colours ? colour_of(report.images[i - 1].status) : "");
  }
  return table + "\n" + counts_line(report, route);
}

Report select_from(Report report, const Selection& selection) {
  if (selection.report_only() || selection.all) return report;
  const std::vector<Reference> names = resolve_names(selection, report);
  std::erase_if(report.images, [&](const ImagePlan& plan) { return !is_selected(plan, names, selection); });
  for (ImageInfo& image : report.only_there) {
    std::erase_if(image.names, [&](const Reference& name) { return !is_named(name, names); });
  }
  std::erase_if(report.only_there, [](const ImageInfo& image) { return image.names.empty(); });
  return report;
}

std::vector<Reference> missing_in(const Report& report, const Selection& selection) {
  std::vector<Reference> missing;
  for (const Reference& name : resolve_names(selection, report)) {
    if (!is_at_source(report, name) && find_image(report.only_there, name) == nullptr) missing.push_back(name);
  }
  return missing;
}

}  // namespace docker_sync
