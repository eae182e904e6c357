// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The helper: one endpoint on its standard input and output, for the controller that started it. It prints nothing but
// frames, and leaves nothing but its cached self and its journal. In a container of its own it may be started to open
// the files of a store instead.
#include <fcntl.h>
#include <signal.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "base/allocator.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/fd_channel.h"
#include "base/log.h"
#include "endpoint/serve.h"
#include "engine/helper_image.h"
#include "engine/meeting_socket.h"
#include "engine/open.h"
#include "engine/store_container.h"
#include "store/file_server.h"

namespace {

using namespace docker_sync;

/// Takes the descriptors of the frames out of the reach of whatever might print.
std::unique_ptr<Channel> take_standard_streams() {
  Fd in(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)), out(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  // In 64 KiB an SSH server and we would take turns: 1 MB/s where either has to wait for a processor.
  enlarge_pipe(in);
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

/// For a container that reads a store (engine/store_container.h).
Bytes read_ourselves(const std::string& architecture) {
  utsname machine{};
  if (::uname(&machine) != 0 || machine_of(architecture) != machine.machine) {
    throw Error(ExitCode::helper, "there is no helper for machines of type '" + architecture + "'");
  }
  const std::string text = read_file("/proc/self/exe").value_or("");
  return {text.begin(), text.end()};
}

template <class Work>
int with_exit_code(const Work& work) {
  try {
    work();
    return 0;
  } catch (const Error& error) {
    warn(error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    warn(error.what());
    return static_cast<int>(ExitCode::internal);
  }
}

/// In such a container: by that socket if it leads anywhere, else by its standard streams.
int serve_files_at(const std::string& meeting) {
  return with_exit_code([&] {
    auto streams = take_standard_streams();
    Fd socket = MeetingSocket::connect(meeting);
    streams->write(as_bytes(StoreContainer::kGreeting));  // So that we are known to be there.
    const auto link = socket ? link_by_socket(std::move(socket)) : link_by_channel(std::move(streams));
    serve_files(*link);
  });
}

}  // namespace

/// libstdc++'s own, for an exception that nobody takes, brings a demangler of 47 KB to every host that the helper is
/// sent to. The linker takes this one first.
void __gnu_cxx::__verbose_terminate_handler() {
  (void)with_exit_code([] {
    if (std::current_exception()) throw;
  });
  std::abort();
}

int main(int argc, char** argv) {
  // The bootstrap asks whether this file can run here (right machine, no noexec mount).
  if (argc == 2 && std::strcmp(argv[1], "--check") == 0) return 0;
  return_memory_early();
  allow_many_descriptors();
  ::signal(SIGPIPE, SIG_IGN);
  // The end of the session is seen by the end of the input; a hangup must not forestall the roll-back.
  ::signal(SIGHUP, SIG_IGN);
  if (argc >= 2 && std::strcmp(argv[1], "--serve-files") == 0) return serve_files_at(argc > 2 ? argv[2] : "");
  EngineOptions engine;
  engine.find_helper = read_ourselves;
  std::string own_image;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--engine") == 0) engine.address = argv[i + 1];
    if (std::strcmp(argv[i], "--store-compression") == 0) engine.store_compression = StoreCompression::zstd;
    if (std::strcmp(argv[i], "--own-image") == 0) own_image = argv[i + 1];
    if (std::strcmp(argv[i], "--helper-container") == 0) engine.find_helper = nullptr;  // "no"
  }
  return with_exit_code([&] {
    if (!own_image.empty()) check_own_image(*open_engine(engine), own_image);
    ServeOptions options{[engine] { return open_engine(engine); }, [] { ::_exit(0); }};
    options.journal = journal_name(engine.address);
    serve(take_standard_streams(), options);
  });
}
