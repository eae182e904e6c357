// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The program: options, the two endpoints, a report or a sync between them, an exit code. What each of these is stands
// in its room; here is only the order in which they come up and go down.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "base/allocator.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/results.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "engine/open.h"
#include "helper/embedded.h"
#include "sync/local_endpoint.h"
#include "sync/sync.h"
#include "transport/connect.h"

namespace {

using namespace docker_sync;
using std::chrono::steady_clock;

class Program {
 public:
  Program(const Options& options, SignalWatcher& signals, TerminalPrompter& prompter)
      : options_(options), route_{options.host.display(), options.push}, signals_(signals), prompter_(prompter) {}

  ExitCode run();

  /// What to say when run() has returned ExitCode::interrupted.
  [[nodiscard]] std::string interruption() const;

 private:
  [[nodiscard]] ExitCode with_session(Session& session);
  [[nodiscard]] ExitCode report(Session& session);
  [[nodiscard]] ExitCode sync(Session& session);
  [[nodiscard]] std::vector<Outcome> sync_with_progress(Session& session, Observer& results);
  [[nodiscard]] Channel::Traffic traffic(const Session& session) const;
  [[nodiscard]] Totals totals(const Session& session, const std::vector<Outcome>& outcomes) const;

  const Options& options_;
  const Route route_;
  SignalWatcher& signals_;
  TerminalPrompter& prompter_;
  uint64_t helper_uploaded_ = 0;
  steady_clock::time_point started_;
  std::string synced_;  ///< names of the images that were changed at the destination
};

ExitCode Program::run() {
  LocalEndpoint local({[engine = options_.engine] { return open_engine({engine}); }, {}});
  std::vector<std::string> arguments;
  if (!options_.remote_engine.empty()) arguments = {"--engine", options_.remote_engine};
  StartedHelper remote =
      connect(options_.host, {options_.rsh, SshFiles::of_user(), &prompter_, embedded_helpers(), arguments});
  helper_uploaded_ = remote.uploaded_bytes;
  started_ = steady_clock::now();

  // Ends after the session: what the local engine was given and not told to keep is undone before we say so.
  struct Settled {
    LocalEndpoint& endpoint;
    ~Settled() { endpoint.wait(); }
  } const settled{local};
  Side here{local.take_channel(), std::string(kThisHost), options_.tmpfolder};
  Side there{std::move(remote.channel), route_.host, options_.remote_tmpfolder};
  Session session(std::move(options_.push ? here : there), std::move(options_.push ? there : here));
  // Ends before the session, so that no signal finds it gone.
  struct Interruptible {
    SignalWatcher& signals;
    ~Interruptible() { signals.on_signal([] {}); }
  } const interruptible{signals_};
  signals_.on_signal([&session] { session.interrupt(); });
  return with_session(session);
}

ExitCode Program::with_session(Session& session) {
  if (helper_uploaded_ > 0 && !options_.json && !options_.is_quiet()) print(helper_line(route_, helper_uploaded_));
  try {
    return options_.task == Options::Task::report ? report(session) : sync(session);
  } catch (const Error&) {
    if (signals_.came()) return ExitCode::interrupted;
    throw;
  }
}

ExitCode Program::report(Session& session) {
  const Report whole = make_report(session);
  verbose(route_.source() + ": " + whole.engine_source);
  verbose(route_.destination() + ": " + whole.engine_destination);
  const Report shown = select_from(whole, options_.selection);
  if (options_.json) {
    print(report_json(shown, route_, helper_uploaded_));
  } else if (!options_.is_quiet()) {
    print(report_table(shown, route_, {std::time(nullptr), wants_colours(STDOUT_FILENO)}));
  }
  const std::vector<Reference> missing = missing_in(whole, options_.selection);
  for (const Reference& name : missing) {
    print_error(Error(ExitCode::image, "no image " + name.familiar(), "docker-sync HOST lists what there is")
                    .on_host(route_.source())
                    .what());
  }
  return missing.empty() ? ExitCode::ok : ExitCode::image;
}

ExitCode Program::sync(Session& session) {
  const bool lines = !options_.json && !options_.is_quiet();
  ResultPrinter results(route_, lines, [this] { return signals_.came(); });
  const std::vector<Outcome> outcomes = sync_with_progress(session, results);
  for (const Outcome& outcome : outcomes) {
    if (outcome.result != Result::updated && outcome.result != Result::added) continue;
    synced_ += (synced_.empty() ? "" : ", ") + outcome.plan.name.familiar();
  }
  if (signals_.came()) return ExitCode::interrupted;

  const Totals totals = this->totals(session, outcomes);
  if (lines && options_.selection.dry_run) print(dry_run_line(outcomes, route_));
  if (lines) print(totals_lines(totals));
  if (options_.json) print(sync_json(outcomes, route_, totals));
  for (const Outcome& outcome : outcomes) {
    if (outcome.error) return outcome.error->code();
  }
  return ExitCode::ok;
}

std::vector<Outcome> Program::sync_with_progress(Session& session, Observer& results) {
  if (!options_.progress) return sync_images(session, options_.selection, results);
  TerminalProgress progress(results, [this, &session] {
    const Channel::Traffic bytes = traffic(session);
    return bytes.sent + bytes.received;
  });
  return sync_images(session, options_.selection, progress);
}

Channel::Traffic Program::traffic(const Session& session) const {
  return options_.push ? session.destination_traffic() : session.source_traffic();
}

Totals Program::totals(const Session& session, const std::vector<Outcome>& outcomes) const {
  const Channel::Traffic bytes = traffic(session);
  Totals totals;
  totals.sent = bytes.sent - std::min(bytes.sent, helper_uploaded_);
  totals.received = bytes.received;
  totals.helper_uploaded = helper_uploaded_;
  totals.seconds = std::chrono::duration<double>(steady_clock::now() - started_).count();
  for (const Outcome& outcome : outcomes) totals.total_size += outcome.plan.source.size;
  return totals;
}

std::string Program::interruption() const {
  return "interrupted; " + (synced_.empty() ? "nothing" : "but for " + synced_ + " nothing") + " was changed at " +
         route_.destination();
}

/// Sockets and spools must not become somebody's standard output.
void open_standard_streams() {
  for (int descriptor = ::open("/dev/null", O_RDWR); descriptor >= 0; descriptor = ::dup(descriptor)) {
    if (descriptor <= STDERR_FILENO) continue;
    ::close(descriptor);
    return;
  }
}

void check_output() {
  if (std::ferror(stdout) == 0) return;
  // A reader that has seen enough and left is no failure.
  pollfd output{STDOUT_FILENO, 0, 0};
  if (::poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0) return;
  throw Error(ExitCode::disk, "standard output could not be written");
}

ExitCode run(const Options& options) {
  set_log_level(options.log_level);
  TerminalPrompter prompter;
  const auto leave = [&prompter] {
    prompter.restore();
    ::_exit(static_cast<int>(ExitCode::interrupted));
  };
  // Until there is a session nothing can have been changed, and nothing needs to be undone.
  SignalWatcher signals(
      [&] {
        prompter.restore();
        print_error("interrupted; nothing was changed");
        leave();
      },
      leave);
  Program program(options, signals, prompter);
  const ExitCode code = program.run();
  if (code == ExitCode::interrupted) print_error(program.interruption());
  check_output();
  return code;
}

ExitCode run(int argc, char** argv) {
  try {
    const Options options = parse_options(argc, argv, is_terminal(STDERR_FILENO));
    if (options.task == Options::Task::help) return print(help_text()), ExitCode::ok;
    if (options.task == Options::Task::version) return print(version_text()), ExitCode::ok;
    return run(options);
  } catch (const Error& error) {
    print_error(error.what());
    return error.code();
  } catch (const std::exception& error) {
    print_error(one_line(error.what()) + ": this is a bug, please report it");
    return ExitCode::internal;
  }
}

}  // namespace

int main(int argc, char** argv) {
  return_memory_early();
  open_standard_streams();
  ::signal(SIGPIPE, SIG_IGN);
  const ExitCode code = run(argc, argv);
  std::fflush(stdout);
  // The local endpoint may still be reading from its engine: nothing that it uses may be destroyed under it.
  std::_Exit(static_cast<int>(code));
}
