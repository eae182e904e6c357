// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What goes on between the source and one destination: both ends are reached, a session is held, a report made or
// images synced, and the ends go down again. Several destinations are several of these at the same time (main.cc).
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "cli/options.h"
#include "cli/results.h"
#include "cli/route.h"
#include "reach/known_links.h"
#include "reach/reach.h"

namespace docker_sync {

class Delivery {
 public:
  /// `options` and `reach` must outlive it. What `reach` shares is the source's.
  Delivery(const Options& options, const Address& destination, const ReachOptions& reach)
      : options_(options),
        reach_(reach),
        destination_(destination),
        route_(Route::between(options.ends.source, destination)) {}

  /// Throws what ends the whole of it; ExitCode::interrupted is returned, and told by interruption().
  [[nodiscard]] ExitCode run();

  enum class Stage { reaching, session, over };
  /// Ends a session that is held, and lets none be begun. Where there was none yet nothing can have been changed.
  /// Any thread, more than once.
  Stage interrupt();

  // When run() has returned:
  [[nodiscard]] const Route& route() const { return route_; }
  [[nodiscard]] const Totals& totals() const { return totals_; }
  [[nodiscard]] const std::vector<Outcome>& outcomes() const { return outcomes_; }
  [[nodiscard]] const std::string& json() const { return json_; }  ///< what --json is to say
  [[nodiscard]] const std::string& timings() const { return timings_; }  ///< what --timings is to say
  [[nodiscard]] std::string interruption() const;

 private:
  void tell_of_helpers() const;
  [[nodiscard]] ExitCode with_session(Session& session);
  [[nodiscard]] ExitCode report(Session& session);
  [[nodiscard]] ExitCode sync(Session& session);
  [[nodiscard]] std::vector<Outcome> sync_with_progress(Session& session, Observer& results);
  [[nodiscard]] Channel::Traffic traffic(const Session& session) const;
  void add_up(const Session& session);
  [[nodiscard]] bool prints() const { return !options_.json && !options_.is_quiet(); }
  [[nodiscard]] bool one_of_many() const { return options_.ends.destinations.size() > 1; }

  [[nodiscard]] Selection selection() const;
  void remember_uploads() const;

  const Options& options_;
  const ReachOptions& reach_;
  const Address destination_;
  const Route route_;
  const KnownLinks known_links_ = KnownLinks::of_user();
  Reached source_end_, destination_end_;
  std::chrono::steady_clock::time_point started_;
  Totals totals_;
  std::vector<Outcome> outcomes_;
  std::string json_, timings_;
  std::string synced_;  ///< names of the images that were changed at the destination

  std::mutex mutex_;
  Stage stage_ = Stage::reaching;  ///< guarded by mutex_
  Session* session_ = nullptr;     ///< likewise; in Stage::session
  std::atomic<bool> interrupted_ = false;
};

}  // namespace docker_sync
