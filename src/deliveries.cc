// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "deliveries.h"

#include <algorithm>
#include <optional>
#include <thread>

#include "cli/json.h"

namespace docker_sync {

namespace {

/// Several threads ask one person, one after the other.
class SharedPrompter : public Prompter {
 public:
  explicit SharedPrompter(Prompter& below) : below_(below) {}
  [[nodiscard]] bool interactive() const override { return below_.interactive(); }
  [[nodiscard]] std::optional<std::string> secret(const std::string& prompt) override {
    const std::lock_guard lock(mutex_);
    return below_.secret(prompt);
  }
  [[nodiscard]] bool confirm(const std::string& question) override {
    const std::lock_guard lock(mutex_);
    return below_.confirm(question);
  }

 private:
  Prompter& below_;
  std::mutex mutex_;
};

class Deliveries {
 public:
  Deliveries(const Options& options, const ReachOptions& reach, std::function<void()> leave)
      : options_(options), prompter_(*reach.prompter), reach_(reach), leave_(std::move(leave)) {
    reach_.prompter = &prompter_;
    if (options.ends.destinations.size() > 1) {
      reach_.share = [this](std::function<std::unique_ptr<Engine>()> open) { return share(std::move(open)); };
    }
    for (const Address& destination : options.ends.destinations) {
      parts_.push_back(std::make_unique<Part>(options, destination, reach_));
    }
  }

  ExitCode run() { return parts_.size() == 1 ? run_one() : run_all(); }
  /// Any thread.
  void interrupt();

 private:
  struct Part {
    Part(const Options& options, const Address& destination, const ReachOptions& reach)
        : delivery(options, destination, reach) {}
    Delivery delivery;
    std::optional<Error> failure;
    std::optional<ExitCode> code;  ///< when it is over; guarded by mutex_
    bool abandoned = false;        ///< interrupted while it was still being reached; guarded by mutex_
    std::thread thread;
  };

  [[nodiscard]] std::shared_ptr<SharedEngine> share(std::function<std::unique_ptr<Engine>()> open);
  ExitCode run_one();
  ExitCode run_all();
  void run_part(Part& part);
  void say_of(const Part& part) const;
  void sum_up() const;

  const Options& options_;
  SharedPrompter prompter_;
  ReachOptions reach_;
  std::function<void()> leave_;
  std::vector<std::unique_ptr<Part>> parts_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<SharedEngine> source_;  ///< guarded by mutex_
};

std::shared_ptr<SharedEngine> Deliveries::share(std::function<std::unique_ptr<Engine>()> open) {
  const std::lock_guard lock(mutex_);
  if (!source_) source_ = std::make_shared<SharedEngine>(std::move(open), options_.tmpfolder, parts_.size());
  return source_;
}

void Deliveries::interrupt() {
  const std::lock_guard lock(mutex_);
  bool all_abandoned = true;
  for (const auto& part : parts_) {
    part->abandoned = part->delivery.interrupt() == Delivery::Stage::reaching && !part->code;
    all_abandoned = all_abandoned && part->abandoned;
  }
  changed_.notify_all();
  if (!all_abandoned) return;
  // Without a session nothing can have been changed, and nothing needs to be undone.
  print_error("interrupted; nothing was changed");
  leave_();
}

ExitCode Deliveries::run_one() {
  const ExitCode code = parts_.front()->delivery.run();
  if (code == ExitCode::interrupted) {
    print_error(parts_.front()->delivery.interruption());
  } else {
    sum_up();
  }
  return code;
}

void Deliveries::run_part(Part& part) {
  ExitCode code = ExitCode::internal;
  try {
    code = part.delivery.run();
  } catch (const Error& error) {
    part.failure = error;
  } catch (const std::exception& error) {
    part.failure = Error(ExitCode::internal, error.what(), "this is a bug, please report it");
  }
  const std::lock_guard lock(mutex_);
  part.code = part.failure ? part.failure->code() : code;
  say_of(part);
  changed_.notify_all();
}

void Deliveries::say_of(const Part& part) const {
  if (part.code == ExitCode::interrupted) return print_error(part.delivery.interruption());
  if (!part.failure) return;
  if (!options_.json && !options_.is_quiet()) print(part.delivery.route().destination() + ": failed\n");
  print_error(part.failure->what());
}

ExitCode Deliveries::run_all() {
  for (const auto& part : parts_) part->thread = std::thread([this, &part = *part] { run_part(part); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] {
    return std::all_of(parts_.begin(), parts_.end(), [](const auto& part) { return part->code || part->abandoned; });
  });
  const auto abandoned = std::any_of(parts_.begin(), parts_.end(), [](const auto& part) { return part->abandoned; });
  for (const auto& part : parts_) {
    if (part->abandoned) print_error(part->delivery.interruption());
  }
  if (abandoned) leave_();  // Nobody waits for a host that does not answer.
  lock.unlock();
  for (const auto& part : parts_) part->thread.join();
  const auto failed =
      std::find_if(parts_.begin(), parts_.end(), [](const auto& part) { return part->code != ExitCode::ok; });
  const bool interrupted =
      std::any_of(parts_.begin(), parts_.end(), [](const auto& part) { return part->code == ExitCode::interrupted; });
  if (interrupted) return ExitCode::interrupted;
  sum_up();
  return failed == parts_.end() ? ExitCode::ok : *(*failed)->code;
}

void Deliveries::sum_up() const {
  if (options_.json) {
    std::vector<std::string> documents;
    for (const auto& part : parts_) {
      documents.push_back(part->failure ? failure_json(*part->failure, part->delivery.route()) : part->delivery.json());
    }
    return print(documents.size() == 1 ? documents.front() : destinations_json(documents));
  }
  if (options_.is_quiet() || options_.task != Options::Task::sync) return;
  Totals totals;
  std::vector<Outcome> outcomes;
  for (const auto& part : parts_) {
    totals += part->delivery.totals();
    outcomes.insert(outcomes.end(), part->delivery.outcomes().begin(), part->delivery.outcomes().end());
  }
  if (options_.selection.dry_run) print(dry_run_line(outcomes, parts_.front()->delivery.route()));
  print(totals_lines(totals));
  for (const auto& part : parts_) print(part->delivery.timings());
}

}  // namespace

ExitCode deliver(const Options& options, const ReachOptions& reach, SignalWatcher& signals,
                 const std::function<void()>& leave) {
  Deliveries deliveries(options, reach, leave);
  // Ends before them, so that no signal finds them gone.
  struct Interruptible {
    SignalWatcher& signals;
    ~Interruptible() {
      signals.on_signal([] {});
    }
  } const interruptible{signals};
  signals.on_signal([&deliveries] { deliveries.interrupt(); });
  return deliveries.run();
}

}  // namespace docker_sync
