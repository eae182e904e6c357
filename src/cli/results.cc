// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/results.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "cli/amount.h"

namespace docker_sync {

namespace {

/// At most these bytes of an image travel. Engines tell only the size of the whole.
uint64_t at_most(const Outcome& outcome) {
  if (outcome.plan.present_id || outcome.plan.layers_needed() == 0) return 0;
  return outcome.plan.source.size;
}

std::string planned_text(const Outcome& outcome) {
  const std::string_view what = outcome.plan.status == Status::new_image ? "would be new" : "would be updated";
  std::string text = fmt::format("{}  ({}", what, describe_plan(outcome.plan));
  const uint64_t bytes = at_most(outcome);
  if (bytes > 0) text += ", at most " + short_bytes(bytes);
  return text + ")";
}

std::string result_text(const Outcome& outcome, const Route& route) {
  switch (outcome.result) {
    case Result::current: return "current";
    case Result::updated: return "updated  (" + describe_plan(outcome.plan) + ")";
    case Result::added: return "new  (" + describe_plan(outcome.plan) + ")";
    case Result::skipped:
      return fmt::format("skipped  (the copy {}{} is newer; --force overwrites)",
                         route.between_others() ? "at the " : "", route.destination_word());
    case Result::planned: return planned_text(outcome);
    case Result::failed: return "failed";
  }
  return {};
}

}  // namespace

std::string helper_line(const std::string& host, uint64_t bytes) {
  return fmt::format("helper installed on {}: {} bytes\n", host, with_thousands(bytes));
}

Totals& Totals::operator+=(const Totals& other) {
  sent += other.sent;
  received += other.received;
  helper_uploaded += other.helper_uploaded;
  total_size += other.total_size;
  seconds = std::max(seconds, other.seconds);
  return *this;
}

double Totals::speedup() const {
  return static_cast<double>(total_size) / static_cast<double>(std::max<uint64_t>(sent + received, 1));
}

std::string describe_plan(const ImagePlan& plan) {
  if (plan.present_id) return "already there, only the name is new";
  const bool has_basis = plan.basis.kind != BasisKind::none;
  // A label may be the peer's word: an ID where the image has no name.
  return fmt::format("{}{} of {} layers needed", has_basis ? "basis " + one_line(plan.basis.label) + ", " : "",
                     plan.layers_needed(), plan.layers.size());
}

std::string result_line(const Outcome& outcome, const Route& route) {
  return outcome.plan.name.familiar() + "  " + result_text(outcome, route) + "\n";
}

std::string totals_lines(const Totals& totals) {
  // Both ends are here.
  if (totals.sent + totals.received == 0) {
    return fmt::format("\nno network was used\ntotal size is {}\n", with_thousands(totals.total_size));
  }
  const double rate = static_cast<double>(totals.sent + totals.received) / std::max(totals.seconds, 0.001);
  return fmt::format("\nsent {} bytes  received {} bytes  {} bytes/sec\ntotal size is {}  speedup is {:.2f}\n",
                     with_thousands(totals.sent), with_thousands(totals.received),
                     with_thousands(static_cast<uint64_t>(rate)), with_thousands(totals.total_size), totals.speedup());
}

std::string dry_run_line(const std::vector<Outcome>& outcomes, const Route& route) {
  size_t images = 0;
  uint64_t bytes = 0;
  for (const Outcome& outcome : outcomes) {
    if (outcome.result != Result::planned) continue;
    ++images;
    bytes += at_most(outcome);
  }
  return fmt::format("\ndry run: nothing was changed; {} image{} would be {}, at most {} bytes\n", images,
                     images == 1 ? "" : "s", route.push ? "sent" : "received", with_thousands(bytes));
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);  // A pipe sees each result as soon as it is one.
}

void print_error(const std::string& text) noexcept {
  const std::string line = "docker-sync: " + text + "\n";
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line.data(), line.size());
}

void ResultPrinter::finish(const Outcome& outcome) {
  // Whoever interrupted the program need not be told that it failed.
  if (interrupted_()) return;
  if (lines_) {
    const std::string line = result_line(outcome, route_);
    print(prefix_ + line);
  }
  if (outcome.error) print_error(outcome.error->what());
}

}  // namespace docker_sync
