// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/podman_command.h"

#include <poll.h>

#include <array>
#include <chrono>

#include "base/error.h"
#include "engine/podman_answers.h"

namespace docker_sync {

namespace {

using std::chrono::steady_clock;

constexpr size_t kMaxOutput = 256 << 20;
constexpr size_t kMaxErrors = 64 << 10;
constexpr size_t kBlock = 128 << 10;
constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::milliseconds kLookEvery{100};

std::unique_ptr<Subprocess> start(const std::vector<std::string>& arguments) {
  try {
    // A Ctrl-C at the terminal is for us to deal with: podman, hit by it, would leave its scratch files behind.
    return std::make_unique<Subprocess>(arguments, Subprocess::Streams{.error = true, .own_group = true});
  } catch (const Error& error) {
    throw Error(ExitCode::engine, error.failure(), "is Podman installed, and in PATH?");
  }
}

/// What a command says, kept as far as it may be kept. Its end is that of the process as well as that of the pipes:
/// rootless podman leaves a process behind that holds them open.
class Listener {
 public:
  explicit Listener(Subprocess& process) : process_(process) {
    set_nonblocking(process.output);
    set_nonblocking(process.error);
  }

  /// Waits until there is something to take, and takes it, or until `writable`, if any, takes input.
  void listen(const Fd* writable = nullptr) {
    const bool ended = writable == nullptr && process_.poll_status().has_value();
    std::array<pollfd, 3> waits{{{process_.output.get(), POLLIN, 0},
                                 {process_.error.get(), POLLIN, 0},
                                 {writable != nullptr ? writable->get() : -1, POLLOUT, 0}}};
    if (!wait_for(waits, ended ? std::chrono::milliseconds(0) : kLookEvery)) {
      if (!ended) return;
      process_.output.reset();
      process_.error.reset();
      return;
    }
    take(process_.output, waits[0], result.output, kMaxOutput);
    take(process_.error, waits[1], result.errors, kMaxErrors);
    if (result.output.size() >= kMaxOutput) throw Error(ExitCode::engine, "Podman's answer is too long");
  }
  [[nodiscard]] bool at_end() const { return !process_.output && !process_.error; }

  CommandResult result;

 private:
  static void take(Fd& fd, const pollfd& wait, std::string& text, size_t limit) {
    if (!fd || wait.revents == 0) return;
    std::array<uint8_t, 16384> block;
    const auto count = read_some(fd, block);
    if (count == 0u) fd.reset();
    if (count) text.append(as_text(ByteView(block).first(*count)).substr(0, limit - std::min(limit, text.size())));
  }

  Subprocess& process_;
};

/// Gives the command its input; false if it stopped reading.
bool feed(Source& input, Subprocess& process, Listener& listener) {
  set_nonblocking(process.input);
  Bytes block(kBlock);
  while (const size_t count = input.read(block)) {
    for (ByteView rest = ByteView(block).first(count); !rest.empty();) {
      std::optional<size_t> written;
      try {
        written = write_some(process.input, rest);
      } catch (const Error&) {
        return false;  // It has ended, and says why.
      }
      if (written) rest = rest.subspan(*written);
      if (!written) listener.listen(&process.input);
    }
  }
  return true;
}

}  // namespace

CommandResult run_command(const std::vector<std::string>& arguments, Source* input) {
  const auto process = start(arguments);
  Listener listener(*process);
  try {
    if (input != nullptr) (void)feed(*input, *process, listener);
  } catch (...) {
    // Half of an archive is none: podman finds that out by itself, and cleans up, which it would not if it were killed.
    process->input.reset();
    const auto until = steady_clock::now() + kPatience;
    while (!listener.at_end() && steady_clock::now() < until) listener.listen();
    throw;
  }
  process->input.reset();
  while (!listener.at_end()) listener.listen();
  listener.result.status = process->wait();
  return std::move(listener.result);
}

CommandOutput::CommandOutput(const std::vector<std::string>& arguments) : process_(start(arguments)) {
  process_->input.reset();
  set_nonblocking(process_->output);
  set_nonblocking(process_->error);
}

size_t CommandOutput::read(MutableBytes out) {
  while (true) {
    const bool ended = process_->poll_status().has_value();
    std::array<pollfd, 2> waits{{{process_->output.get(), POLLIN, 0}, {process_->error.get(), POLLIN, 0}}};
    if (!wait_for(waits, ended ? std::chrono::milliseconds(0) : kLookEvery)) {
      if (!ended) continue;
      break;
    }
    if (waits[1].revents != 0) listen();
    if (waits[0].revents != 0) {
      const auto count = read_some(process_->output, out);
      if (count.value_or(0) > 0) return *count;
      if (count) process_->output.reset();
    }
    if (!process_->output && !process_->error) break;
  }
  if (process_->wait() != 0) throw_podman_error("save the image", errors_);
  return 0;
}

void CommandOutput::listen() {
  std::array<uint8_t, 4096> block;
  const auto count = read_some(process_->error, block);
  if (count == 0u) process_->error.reset();
  if (count && errors_.size() < kMaxErrors) errors_.append(as_text(ByteView(block).first(*count)));
}

}  // namespace docker_sync
