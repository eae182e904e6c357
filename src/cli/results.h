// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What became of each image, a line as soon as it is known, and at the end the two lines that users of rsync know. The
// text is made by pure functions; ResultPrinter writes it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/route.h"
#include "sync/sync.h"

namespace docker_sync {

/// What a run has cost. `sent` and `received` are as this host sees them, the helper's upload not counted.
struct Totals {
  uint64_t sent = 0, received = 0;
  uint64_t helper_uploaded = 0;
  uint64_t total_size = 0;  ///< of all images looked at, as their engine says
  double seconds = 0;

  /// What several runs at the same time have cost together.
  Totals& operator+=(const Totals& other);
  [[nodiscard]] double speedup() const;
};

/// "basis app:1, 2 of 5 layers needed".
[[nodiscard]] std::string describe_plan(const ImagePlan& plan);

/// "app:1  updated  (basis app:1, 2 of 5 layers needed)", with a line break.
[[nodiscard]] std::string result_line(const Outcome& outcome, const Route& route);

/// "sent 1,234 bytes  received ...", two lines; for a dry run one that says what would travel at most.
[[nodiscard]] std::string totals_lines(const Totals& totals);
[[nodiscard]] std::string dry_run_line(const std::vector<Outcome>& outcomes, const Route& route);

/// "helper installed on HOST: 1,234,567 bytes", with a line break.
[[nodiscard]] std::string helper_line(const std::string& host, uint64_t bytes);

/// On standard output, at once. Whether that could be written is asked once, at the end of the program.
void print(const std::string& text);

/// "docker-sync: HOST: what: remedy" on standard error, whatever the log level.
void print_error(const std::string& text) noexcept;

class ResultPrinter : public Observer {
 public:
  /// `lines`: whether results are printed, each behind `prefix`; errors always are, until `interrupted` says that the
  /// user ended it.
  ResultPrinter(Route route, bool lines, std::string prefix, std::function<bool()> interrupted)
      : route_(std::move(route)), lines_(lines), prefix_(std::move(prefix)), interrupted_(std::move(interrupted)) {}

  void begin(const ImagePlan&, size_t, size_t) override {}
  void progress(const Progress&) override {}
  void finish(const Outcome& outcome) override;

 private:
  Route route_;
  bool lines_;
  std::string prefix_;
  std::function<bool()> interrupted_;
};

}  // namespace docker_sync
