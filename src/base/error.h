// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The one exception of the program. It carries the exit code of its kind, what failed, on which host, and what
// the user can do. Who throws knows what failed; who knows the host adds it while unwinding. An Error crosses the
// wire as an ABORT (code and text) and comes out of it as an Error again.
#pragma once

#include <exception>
#include <string>

namespace docker_sync {

/// Exit codes, as the man page documents them. Values travel on the wire: never renumber.
enum class ExitCode : uint8_t {
  ok = 0,
  internal = 1,        ///< a bug of ours
  usage = 2,           ///< options or names that cannot be meant
  connection = 3,      ///< unknown host, refused port, dead link
  authentication = 4,  ///< no key, password or TLS certificate of ours was accepted
  host_key = 5,        ///< unknown, changed or revoked host key; TLS certificate not trusted
  engine = 6,          ///< no engine, no right to it, or it failed
  image = 7,           ///< no such image or tag, or gone while syncing
  protocol = 8,        ///< the peer said what it may not say
  verification = 9,    ///< bytes that do not have the hash they must have
  disk = 10,           ///< scratch space missing or full
  helper = 11,         ///< the helper cannot be installed or run there
  sudo = 12,           ///< --sudo: it is not there, or wants a password
  interrupted = 130,   ///< SIGINT, SIGTERM or SIGHUP
};

class Error : public std::exception {
 public:
  /// `what_failed` is one line without a full stop; `remedy` what to do about it, or empty.
  Error(ExitCode code, std::string what_failed, std::string remedy = {});

  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }
  [[nodiscard]] ExitCode code() const noexcept { return code_; }
  [[nodiscard]] const std::string& host() const noexcept { return host_; }
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
  [[nodiscard]] const std::string& remedy() const noexcept { return remedy_; }

  /// Appends " while DOING" to what failed.
  Error& while_doing(const std::string& doing);

  /// Names the host, unless a deeper place already has.
  Error& on_host(const std::string& host);

 private:
  void compose();

  ExitCode code_;
  std::string host_, failure_, remedy_, text_;
};

/// Throws an Error with strerror(`errno_value`): ExitCode::disk for ENOSPC and EDQUOT, `code` for all others.
[[noreturn]] void throw_errno(ExitCode code, const std::string& what_failed, int errno_value);

/// The text with spaces for its line breaks and all else that a terminal would obey: it may come from an engine or a
/// peer. What Error::what() returns has been through it.
[[nodiscard]] std::string one_line(std::string text);

/// A peer broke the protocol. Never use it for our own bugs (assert) or for the engine's answers.
[[noreturn]] void throw_protocol(const std::string& what_failed);

}  // namespace docker_sync
