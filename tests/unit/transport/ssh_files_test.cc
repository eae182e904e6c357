// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/ssh_files.h"

#include <doctest/doctest.h>

#include "scratch.h"

using namespace docker_sync;
using namespace docker_sync::test;

TEST_CASE("the user's files are under HOME, and it is known whether ssh looks there too") {
  const ScopedVariable home("HOME", "/nonexistent/home");
  const SshFiles files = SshFiles::of_user();
  CHECK(files.user_config == "/nonexistent/home/.ssh/config");
  CHECK(files.system_config == "/etc/ssh/ssh_config");
  CHECK_FALSE(files.as_ssh_has_them);
}

TEST_CASE("without HOME the user database names the home, as for ssh") {
  const ScopedVariable home("HOME", nullptr);
  const SshFiles files = SshFiles::of_user();
  CHECK(files.as_ssh_has_them);
  CHECK(files.user_known_hosts == files.home + "/.ssh/known_hosts");
  CHECK_FALSE(local_user_name().empty());
}
