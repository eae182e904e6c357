// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/error.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>

using namespace docker_sync;

TEST_CASE("exit codes have the numbers that the manual and the wire know") {
  CHECK(static_cast<int>(ExitCode::ok) == 0);
  CHECK(static_cast<int>(ExitCode::internal) == 1);
  CHECK(static_cast<int>(ExitCode::usage) == 2);
  CHECK(static_cast<int>(ExitCode::connection) == 3);
  CHECK(static_cast<int>(ExitCode::authentication) == 4);
  CHECK(static_cast<int>(ExitCode::host_key) == 5);
  CHECK(static_cast<int>(ExitCode::engine) == 6);
  CHECK(static_cast<int>(ExitCode::image) == 7);
  CHECK(static_cast<int>(ExitCode::protocol) == 8);
  CHECK(static_cast<int>(ExitCode::verification) == 9);
  CHECK(static_cast<int>(ExitCode::disk) == 10);
  CHECK(static_cast<int>(ExitCode::helper) == 11);
  CHECK(static_cast<int>(ExitCode::interrupted) == 130);
}

TEST_CASE("an error says on which host, what failed, while doing what, and what to do") {
  Error error(ExitCode::engine, "no docker", "install it");
  CHECK(std::string(error.what()) == "no docker: install it");
  error.while_doing("listing images").while_doing("reporting").on_host("server");
  CHECK(std::string(error.what()) == "server: no docker while listing images while reporting: install it");
  CHECK(error.code() == ExitCode::engine);
  CHECK(error.failure() == "no docker while listing images while reporting");
  CHECK(error.remedy() == "install it");
  CHECK(std::string(Error(ExitCode::usage, "no").what()) == "no");
}

TEST_CASE("the host that was named deepest stays") {
  Error error(ExitCode::engine, "no docker");
  error.on_host("server").on_host("laptop");
  CHECK(error.host() == "server");
}

TEST_CASE("a message is one line without anything that a terminal would obey") {
  CHECK(one_line("two\nlines\r\ttab\x7f\x1b[31m") == "two lines  tab  [31m");
  CHECK(one_line("a\xc2\x9b" "31mb") == "a  31mb");            // U+009B, a one-character ESC [
  CHECK(one_line("a\xc2\xa0" "b\xc3\xa9\xc2") == "a\xc2\xa0" "b\xc3\xa9\xc2");  // Letters stay as they are.
  CHECK(one_line("") == "");
  const Error error = Error(ExitCode::engine, "a\nb", "c\x1b").on_host("h\xc2\x85");
  CHECK(std::string(error.what()) == "h  : a b: c ");
}

TEST_CASE("a full disk is the disk's error, whoever met it") {
  for (const int number : {ENOSPC, EDQUOT}) {
    try {
      throw_errno(ExitCode::connection, "cannot write", number);
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::disk);
      CHECK(error.remedy().find("--tmpfolder") != std::string::npos);
    }
  }
  try {
    throw_errno(ExitCode::connection, "cannot write", EPIPE);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::connection);
    CHECK(error.failure() == "cannot write: Broken pipe");
  }
}

TEST_CASE("a peer's fault is a protocol error") {
  try {
    throw_protocol("a bad length");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::protocol);
    CHECK(error.failure() == "a bad length");
  }
}
