// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/ssh_files.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.h"

namespace docker_sync {

namespace {

struct Account {
  std::string name, home;
};

Account local_account() {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(16384);
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return {};
  return {found->pw_name, found->pw_dir};
}

}  // namespace

SshFiles SshFiles::under(const std::string& home) {
  SshFiles files;
  files.home = home;
  files.user_config = home + "/.ssh/config";
  files.user_known_hosts = home + "/.ssh/known_hosts";
  // The order of ssh. DSA keys are left out: neither libssh nor a server of today takes them.
  for (const char* name : {"id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"}) {
    files.identities.push_back(home + "/.ssh/" + name);
  }
  return files;
}

SshFiles SshFiles::of_user() {
  const std::string account_home = local_account().home;
  const char* home = std::getenv("HOME");
  SshFiles files = under(home != nullptr && *home == '/' ? home : account_home);
  files.system_config = "/etc/ssh/ssh_config";
  files.global_known_hosts = "/etc/ssh/ssh_known_hosts";
  files.as_ssh_has_them = files.home == account_home;
  return files;
}

std::string local_user_name() {
  const std::string name = local_account().name;
  if (name.empty()) {
    throw Error(ExitCode::usage, "the user database has no name for user " + std::to_string(::getuid()),
                "write USER@HOST");
  }
  return name;
}

}  // namespace docker_sync
