// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/process.h"

#include <unistd.h>

#include <algorithm>

#include "base/printable.h"

namespace docker_sync {

namespace {

constexpr int kSshFailed = 255;
constexpr size_t kMaxQuoteBytes = 400;
constexpr std::chrono::seconds kLongestFarewell(5);
constexpr std::chrono::hours kLongest(24);  // a wait that cannot overflow the clock

using Clock = std::chrono::steady_clock;

struct Symptom {
  std::string_view words;
  ExitCode code;
  std::string_view remedy;
};
// The first that is found decides: a changed key is announced at length before the verification fails.
constexpr Symptom kSymptoms[] = {
    {"REMOTE HOST IDENTIFICATION HAS CHANGED", ExitCode::host_key,
     "if you know the reason, remove the old key with ssh-keygen -R"},
    {"Host key verification failed", ExitCode::host_key, "connect to it once with ssh and accept the key"},
    {"host key is known for", ExitCode::host_key, "connect to it once with ssh and accept the key"},
    {"Permission denied", ExitCode::authentication, "does ssh log in there without asking?"},
    {"Too many authentication failures", ExitCode::authentication, "name the right key with IdentityFile"},
    {"Could not resolve", ExitCode::connection, "check the name, or give it in ~/.ssh/config"},
    {"Name or service not known", ExitCode::connection, "check the name, or give it in ~/.ssh/config"},
    {"Connection refused", ExitCode::connection, "is an SSH server running there, and on that port?"},
    {"timed out", ExitCode::connection, "is the host up, and no firewall between?"},
    {"No route", ExitCode::connection, "check the network"},
    {"Bad configuration option", ExitCode::usage, "correct ~/.ssh/config"},
};

}  // namespace

std::vector<std::string> split_rsh(std::string_view command) {
  std::vector<std::string> words;
  size_t i = 0;
  while (true) {
    while (i < command.size() && command[i] == ' ') ++i;
    if (i == command.size()) break;
    std::string word;
    char quote = 0;
    for (; i < command.size() && (quote != 0 || command[i] != ' '); ++i) {
      const char c = command[i];
      if (quote == 0 && (c == '\'' || c == '"')) {
        quote = c;
      } else if (c == quote && quote != 0) {
        const bool doubled = i + 1 < command.size() && command[i + 1] == quote;
        if (doubled) {
          word += command[++i];
        } else {
          quote = 0;
        }
      } else {
        word += c;
      }
    }
    if (quote != 0) throw Error(ExitCode::usage, "a quote is left open in --rsh '" + std::string(command) + "'");
    words.push_back(std::move(word));
  }
  if (words.empty()) throw Error(ExitCode::usage, "--rsh names no command");
  return words;
}

std::optional<Error> classify_ssh_exit(int status, std::string_view last_words) {
  if (status != kSshFailed) return std::nullopt;
  const std::string quote = printable(last_words, kMaxQuoteBytes);
  for (const Symptom& symptom : kSymptoms) {
    if (last_words.find(symptom.words) != std::string_view::npos) {
      return Error(symptom.code, quote, std::string(symptom.remedy));
    }
  }
  return Error(ExitCode::connection, quote.empty() ? "the remote shell failed without a word" : quote,
               "does the same command work by hand?");
}

ProcessChannel::ProcessChannel(const std::vector<std::string>& arguments)
    : process_(arguments, {.input = true, .output = true, .error = true}),
      program_(arguments.front()),
      wake_(make_pipe()) {
  set_nonblocking(process_.input);
  set_nonblocking(process_.output);
  set_nonblocking(process_.error);
}

size_t ProcessChannel::read(MutableBytes out, std::chrono::milliseconds silence) {
  const auto deadline = Clock::now() + std::min<std::chrono::milliseconds>(silence, kLongest);
  while (!closed_) {
    if (const auto count = read_some(process_.output, out)) {
      received_ += *count;
      return *count > 0 ? *count : end_of_output();
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0 || !wait_for_stream(process_.output, POLLIN, left)) {
      throw Error(ExitCode::connection,
                  "nothing was heard from the host for " + std::to_string(silence.count() / 1000) + " s",
                  "check the network and try again");
    }
  }
  return 0;
}

void ProcessChannel::write(ByteView bytes) {
  const std::lock_guard lock(input_mutex_);
  while (!bytes.empty()) {
    if (closed_ || !process_.input) throw Error(ExitCode::connection, "the connection was closed");
    if (const auto count = write_some(process_.input, bytes)) {
      sent_ += *count;
      bytes = bytes.subspan(*count);
    } else {
      wait_for_stream(process_.input, POLLOUT, std::nullopt);
    }
  }
}

void ProcessChannel::finish_writing() {
  const std::lock_guard lock(input_mutex_);
  process_.input.reset();
}

void ProcessChannel::close() noexcept {
  // The pipes stay open until the destructor, so that no other thread uses a number given out anew.
  if (!closed_.exchange(true)) wake_.write_end.reset();
}

std::string ProcessChannel::diagnostics() const {
  const std::lock_guard lock(errors_mutex_);
  return errors_.text();
}

/// Drains standard error meanwhile; false when `timeout` has passed.
bool ProcessChannel::wait_for_stream(const Fd& stream, short events, std::optional<std::chrono::milliseconds> timeout) {
  pollfd ready[] = {{stream.get(), events, 0}, {wake_.read_end.get(), POLLIN, 0}, {-1, POLLIN, 0}};
  {
    const std::lock_guard lock(errors_mutex_);
    if (!errors_ended_) ready[2].fd = process_.error.get();
  }
  if (!wait_for(ready, timeout)) return false;
  if (ready[2].revents != 0) drain_errors();
  return true;
}

void ProcessChannel::drain_errors() {
  const std::lock_guard lock(errors_mutex_);
  uint8_t text[4096];
  while (!errors_ended_) {
    const auto count = read_some(process_.error, text);
    if (!count) return;
    errors_ended_ = *count == 0;
    errors_.append(as_text(ByteView(text).first(*count)));
    // What ssh says before the helper speaks is for the person: banners, "confirm user presence for key".
    if (received_ == 0 && ::isatty(STDERR_FILENO) == 1) {
      [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, text, *count);
    }
  }
}

/// The output has ended: ssh has too, or will at once, and its status and last words tell whether that was meant. Its
/// standard error may stay open: a connection that it shares (ControlPersist) goes on in the background.
size_t ProcessChannel::end_of_output() {
  const auto deadline = Clock::now() + kLongestFarewell;
  std::optional<int> status;
  while (!closed_ && !status && Clock::now() < deadline) {
    status = process_.poll_status();
    pollfd ready[] = {{errors_ended_ ? -1 : process_.error.get(), POLLIN, 0}, {wake_.read_end.get(), POLLIN, 0}};
    if (!status) wait_for(ready, std::chrono::milliseconds(10));
    drain_errors();
  }
  if (status) {
    if (auto error = classify_ssh_exit(*status, diagnostics())) throw *std::move(error);
  }
  return 0;
}

ProcessShell::ProcessShell(std::vector<std::string> command, HostSpec host)
    : command_(std::move(command)), host_(std::move(host)) {}

std::unique_ptr<Channel> ProcessShell::run(const std::string& command_line) {
  std::vector<std::string> arguments = command_;
  if (!host_.user.empty()) arguments.insert(arguments.end(), {"-l", host_.user});
  if (host_.port) arguments.insert(arguments.end(), {"-p", std::to_string(*host_.port)});
  arguments.push_back(host_.host);
  arguments.push_back(command_line);
  return std::make_unique<ProcessChannel>(arguments);
}

std::vector<std::string> system_ssh_command(const SshFiles& files, const SshConfig& config) {
  std::vector<std::string> command = {"ssh", "-a", "-x", "-T"};
  for (const char* option : {"ClearAllForwardings=yes", "PermitLocalCommand=no", "RemoteCommand=none", "Tunnel=no"}) {
    command.insert(command.end(), {"-o", option});
  }
  if (files.as_ssh_has_them) return command;
  const bool has_config = ::access(files.user_config.c_str(), R_OK) == 0;
  command.insert(command.end(), {"-F", has_config ? files.user_config : "/dev/null"});
  // The first value counts, and those given here come first: only what the configuration leaves open is given.
  if (config.find("userknownhostsfile") == nullptr) {
    command.insert(command.end(), {"-o", "UserKnownHostsFile=" + files.user_known_hosts});
  }
  if (config.find("identityfile") != nullptr) return command;
  for (const std::string& identity : files.identities) {
    if (::access(identity.c_str(), R_OK) == 0) command.insert(command.end(), {"-i", identity});
  }
  return command;
}

}  // namespace docker_sync
