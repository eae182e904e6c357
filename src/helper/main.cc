// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The helper: one endpoint on its standard input and output, for the controller that started it. It prints nothing but
// frames, and leaves nothing but its cached self and its journal.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "base/allocator.h"
#include "base/error.h"
#include "base/fd_channel.h"
#include "base/log.h"
#include "endpoint/serve.h"
#include "engine/open.h"

namespace {

using namespace docker_sync;

/// Takes the descriptors of the frames out of the reach of whatever might print.
std::unique_ptr<Channel> take_standard_streams() {
  Fd in(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)), out(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ::dup2(null.get(), STDIN_FILENO);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  return std::make_unique<FdChannel>(std::move(in), std::move(out));
}

/// In a container: its socket must be that of the very engine that runs it.
void check_own_image(Engine& engine, const std::string& id) {
  if (engine.inspect(id)) return;
  throw Error(ExitCode::engine, "the socket in the container leads to another engine");
}

}  // namespace

int main(int argc, char** argv) {
  // The bootstrap asks whether this file can run here (right machine, no noexec mount).
  if (argc == 2 && std::strcmp(argv[1], "--check") == 0) return 0;
  return_memory_early();
  ::signal(SIGPIPE, SIG_IGN);
  // The end of the session is seen by the end of the input; a hangup must not forestall the roll-back.
  ::signal(SIGHUP, SIG_IGN);
  EngineOptions engine;
  std::string own_image;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--engine") == 0) engine.address = argv[i + 1];
    if (std::strcmp(argv[i], "--store-compression") == 0) engine.store_compression = StoreCompression::zstd;
    if (std::strcmp(argv[i], "--own-image") == 0) own_image = argv[i + 1];
  }
  try {
    if (!own_image.empty()) check_own_image(*open_engine(engine), own_image);
    ServeOptions options{[engine] { return open_engine(engine); }, [] { ::_exit(0); }};
    options.journal = journal_name(engine.address);
    options.own_image = own_image;
    serve(take_standard_streams(), options);
    return 0;
  } catch (const Error& error) {
    warn(error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    warn(error.what());
    return static_cast<int>(ExitCode::internal);
  }
}
