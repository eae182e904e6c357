// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A host reached by a command: what -e/--rsh names, or the system's ssh where the built-in SSH would drop a part of
// the user's configuration. ssh asks for passphrases and host keys on the terminal itself, not on these pipes.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/channel.h"
#include "base/error.h"
#include "base/subprocess.h"
#include "base/text_tail.h"
#include "transport/host_spec.h"
#include "transport/remote_shell.h"
#include "transport/ssh_config.h"
#include "transport/ssh_files.h"

namespace docker_sync {

/// Splits a command as rsync does: at spaces, but not within '...' or "..."; a quote doubled there stands for itself;
/// backslashes mean nothing. Throws ExitCode::usage on an open quote or no word at all.
[[nodiscard]] std::vector<std::string> split_rsh(std::string_view command);

/// What ssh's last words mean, when it ended with `status`: an Error of the kind that the built-in SSH would throw,
/// or nothing if it was not ssh that failed.
[[nodiscard]] std::optional<Error> classify_ssh_exit(int status, std::string_view last_words);

/// A Channel over the standard streams of a child process. Standard error is drained by read() and write() alike, and
/// shown on a terminal until the first byte of output has come. traffic() knows payload only.
class ProcessChannel : public Channel {
 public:
  explicit ProcessChannel(const std::vector<std::string>& arguments);

  [[nodiscard]] size_t read(MutableBytes out, std::chrono::milliseconds silence) override;
  void write(ByteView bytes) override;
  void finish_writing() override;
  void close() noexcept override;
  [[nodiscard]] Traffic traffic() const override { return {sent_, received_}; }
  [[nodiscard]] std::string diagnostics() const override;

 private:
  bool wait_for_stream(const Fd& stream, short events, std::optional<std::chrono::milliseconds> timeout);
  void drain_errors();
  size_t end_of_output();

  Subprocess process_;
  std::string program_;
  Pipe wake_;  ///< its write end is closed by close(): readable means closed
  std::atomic<bool> closed_ = false;
  std::atomic<uint64_t> sent_ = 0, received_ = 0;
  std::mutex input_mutex_;
  mutable std::mutex errors_mutex_;
  TextTail errors_;
  bool errors_ended_ = false;
};

/// Runs `command [-l user] [-p port] host COMMAND_LINE`, as rsync would; -p only where the user gave a port.
class ProcessShell : public RemoteShell {
 public:
  ProcessShell(std::vector<std::string> command, HostSpec host);
  [[nodiscard]] std::unique_ptr<Channel> run(const std::string& command_line) override;

 private:
  std::vector<std::string> command_;
  HostSpec host_;
};

/// The system's ssh with all turned off that needs a terminal or forwards, and told of `files` if they are not its own.
[[nodiscard]] std::vector<std::string> system_ssh_command(const SshFiles& files, const SshConfig& config);

}  // namespace docker_sync
