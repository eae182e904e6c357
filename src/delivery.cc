// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delivery.h"

#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "cli/json.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "cli/timings.h"

namespace docker_sync {

namespace {

/// As known_links_ has it; empty: this one.
std::string host_of(const Reached& end) { return end.in_process ? "" : end.host; }

}  // namespace

ExitCode Delivery::run() {
  ReachOptions alone = reach_;
  alone.share = nullptr;
  StageTimes reaching;
  {
    const InStage stage(reaching, "reach both ends");
    source_end_ = reach(options_.ends.source, reach_);
    destination_end_ = reach(destination_, alone);
  }
  remember_uploads();
  started_ = std::chrono::steady_clock::now();

  // Ends after the session: what an engine was given and not told to keep is undone before we say so.
  struct Settled {
    Delivery& delivery;
    ~Settled() {
      delivery.source_end_.settle();
      delivery.destination_end_.settle();
    }
  } const settled{*this};
  const auto side = [this](Reached& end) {
    return Side{std::move(end.channel), end.host, end.in_process ? options_.tmpfolder : options_.remote_tmpfolder};
  };
  Session session(side(source_end_), side(destination_end_), options_.progress);
  for (const StageTimes::Entry& entry : reaching.all()) session.times().controller.add(entry.stage, entry.time, 0);
  // Ends before the session, so that no signal finds it gone.
  struct Held {
    Delivery& delivery;
    explicit Held(Delivery& of, Session& held) : delivery(of) {
      const std::lock_guard lock(delivery.mutex_);
      delivery.session_ = &held;
      delivery.stage_ = Stage::session;
      if (delivery.interrupted_) held.interrupt();
    }
    ~Held() {
      const std::lock_guard lock(delivery.mutex_);
      delivery.stage_ = Stage::over;
    }
  } const held{*this, session};
  return with_session(session);
}

Delivery::Stage Delivery::interrupt() {
  const std::lock_guard lock(mutex_);
  interrupted_ = true;
  if (stage_ == Stage::session) session_->interrupt();
  return stage_;
}

void Delivery::remember_uploads() const {
  for (const Reached* end : {&source_end_, &destination_end_}) known_links_.store("", host_of(*end), end->upload_rate);
}

void Delivery::tell_of_helpers() const {
  if (!prints()) return;
  for (const Reached* end : {&source_end_, &destination_end_}) {
    if (end->helper_uploaded > 0) print(helper_line(end->host, end->helper_uploaded));
  }
}

ExitCode Delivery::with_session(Session& session) {
  tell_of_helpers();
  try {
    return options_.task == Options::Task::report ? report(session) : sync(session);
  } catch (const Error&) {
    if (interrupted_) return ExitCode::interrupted;
    throw;
  }
}

ExitCode Delivery::report(Session& session) {
  const Report whole = make_report(session);
  verbose(source_end_.host + ": " + whole.engine_source);
  verbose(destination_end_.host + ": " + whole.engine_destination);
  const Report shown = select_from(whole, options_.selection);
  if (options_.json) {
    json_ = report_json(shown, route_, source_end_.helper_uploaded + destination_end_.helper_uploaded);
  } else if (!options_.is_quiet()) {
    const std::string title = one_of_many() ? route_.destination() + ":\n" : "";
    print(title + report_table(shown, route_, {std::time(nullptr), wants_colours(STDOUT_FILENO)}) +
          (one_of_many() ? "\n" : ""));
  }
  const std::vector<Reference> missing = missing_in(whole, options_.selection);
  for (const Reference& name : missing) {
    print_error(Error(ExitCode::image, "no image " + name.familiar(), "docker-sync HOST lists what there is")
                    .on_host(source_end_.host)
                    .what());
  }
  return missing.empty() ? ExitCode::ok : ExitCode::image;
}

ExitCode Delivery::sync(Session& session) {
  const std::string prefix = one_of_many() ? route_.destination() + ": " : "";
  ResultPrinter results(route_, prints(), prefix, [this] { return interrupted_.load(); });
  outcomes_ = sync_with_progress(session, results);
  known_links_.store(host_of(source_end_), host_of(destination_end_), session.link());
  for (const Outcome& outcome : outcomes_) {
    if (outcome.result != Result::updated && outcome.result != Result::added) continue;
    synced_ += (synced_.empty() ? "" : ", ") + outcome.plan.name.familiar();
  }
  if (interrupted_) return ExitCode::interrupted;
  add_up(session);
  if (options_.json) json_ = sync_json(outcomes_, route_, totals_, options_.timings ? &session.times() : nullptr);
  if (options_.timings && !options_.json) timings_ = timings_table(session.times(), route_);
  for (const Outcome& outcome : outcomes_) {
    if (outcome.error) return outcome.error->code();
  }
  return ExitCode::ok;
}

std::vector<Outcome> Delivery::sync_with_progress(Session& session, Observer& results) {
  const Selection selection = this->selection();
  if (!options_.progress) return sync_images(session, selection, results);
  TerminalProgress progress(results, [this, &session] {
    const Channel::Traffic bytes = traffic(session);
    return bytes.sent + bytes.received;
  });
  return sync_images(session, selection, progress);
}

Selection Delivery::selection() const {
  Selection selection = options_.selection;
  // A basis at a far engine would have to be fetched, to save what then need not be sent there.
  const bool useless = destination_end_.far_engine || (source_end_.far_engine && destination_end_.in_process);
  selection.whole_layers = selection.whole_layers || useless;
  // What goes from one thread to another need not be small.
  if (source_end_.in_process && destination_end_.in_process && selection.level == 0) selection.level = 1;
  selection.link = known_links_.find(host_of(source_end_), host_of(destination_end_));
  return selection;
}

Channel::Traffic Delivery::traffic(const Session& session) const {
  Channel::Traffic sum;
  const auto add = [&sum](const Reached& end, const Channel::Traffic& bytes) {
    if (end.far_engine) {
      sum.sent += end.far_engine->sent;
      sum.received += end.far_engine->received;
    }
    if (end.in_process) return;
    sum.sent += bytes.sent;
    sum.received += bytes.received;
  };
  add(source_end_, session.source_traffic());
  add(destination_end_, session.destination_traffic());
  return sum;
}

void Delivery::add_up(const Session& session) {
  const Channel::Traffic bytes = traffic(session);
  totals_.helper_uploaded = source_end_.helper_uploaded + destination_end_.helper_uploaded;
  totals_.sent = bytes.sent - std::min(bytes.sent, totals_.helper_uploaded);
  totals_.received = bytes.received;
  totals_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  for (const Outcome& outcome : outcomes_) totals_.total_size += outcome.plan.source.size;
}

std::string Delivery::interruption() const {
  return "interrupted; " + (synced_.empty() ? "nothing" : "but for " + synced_ + " nothing") + " was changed at " +
         route_.destination();
}

}  // namespace docker_sync
