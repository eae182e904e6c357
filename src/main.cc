// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The program: options, a delivery to each destination, an exit code. What each of these is stands in its room; here is
// only the order in which they come up and go down.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/allocator.h"
#include "base/fd.h"
#include "cli/options.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "deliveries.h"
#include "helper/embedded.h"

namespace {

using namespace docker_sync;

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
  const std::function<void()> leave = [&prompter] {
    prompter.restore();
    ::_exit(static_cast<int>(ExitCode::interrupted));
  };
  SignalWatcher signals([] {}, leave);
  const ReachOptions reach{
      options.rsh,
      options.sudo,
      SshFiles::of_user(),
      &prompter,
      embedded_helpers(),
      options.tls,
      // For a question the upload of a helper would be dear.
      options.helper_containers && options.task == Options::Task::sync && !options.selection.dry_run,
      options.remote_tmpfolder,
      options.engine,
      options.remote_engine,
      options.store_compression,
      {}};
  const ExitCode code = deliver(options, reach, signals, leave);
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
  allow_many_descriptors();
  open_standard_streams();
  ::signal(SIGPIPE, SIG_IGN);
  const ExitCode code = run(argc, argv);
  std::fflush(stdout);
  // The local endpoint may still be reading from its engine: nothing that it uses may be destroyed under it.
  std::_Exit(static_cast<int>(code));
}
