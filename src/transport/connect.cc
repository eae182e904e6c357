// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/connect.h"

#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "transport/process.h"
#include "transport/ssh.h"
#include "transport/ssh_config_check.h"

namespace docker_sync {

namespace {

constexpr size_t kMaxKnownHostsBytes = 16 << 20;

SshConfig read_config(const HostSpec& host, const SshFiles& files) {
  return resolve_ssh_config(read_ssh_config_files(files), {host.host, host.user, local_user_name()},
                            make_include_reader(files));
}

/// ssh offers the certificate beside a key by itself; libssh 0.10 does not look for it.
std::optional<std::string> find_certificate(const SshSettings& settings) {
  for (const std::string& identity : settings.identity_files) {
    const std::string path = identity + "-cert.pub";
    if (::access(path.c_str(), F_OK) == 0) return "the certificate " + path;
  }
  return std::nullopt;
}

std::optional<std::string> find_marker(const SshSettings& settings) {
  // ssh reads a second pair of files by default, which libssh does not.
  for (const std::string& path : {settings.user_known_hosts, settings.user_known_hosts + "2",
                                  settings.global_known_hosts, settings.global_known_hosts + "2"}) {
    const auto text = read_file(path, kMaxKnownHostsBytes);
    if (!text) continue;
    if (path.ends_with("known_hosts2") && !text->empty()) return "the file " + path;
    if (auto marker = find_known_hosts_marker(*text, path, settings.host, settings.port)) return marker;
  }
  return std::nullopt;
}

std::optional<std::string> find_reason(const HostSpec& host, const SshConfig& config, const SshFiles& files) {
  if (auto reason = needs_system_ssh(config)) return reason;
  const SshSettings settings = make_ssh_settings(host, config, files, local_user_name());
  if (auto reason = find_certificate(settings)) return reason;
  if (auto reason = find_marker(settings)) return reason;
  return find_unsupported(settings);
}

bool is_in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/bin:/usr/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (::access(((folder.empty() ? "." : folder) + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

std::unique_ptr<RemoteShell> open_system_ssh(const HostSpec& host, const SshConfig& config, const SshFiles& files,
                                             const std::string& reason) {
  if (!is_in_path("ssh")) {
    throw Error(ExitCode::connection, "the built-in SSH does not support " + reason,
                "install the OpenSSH client, which then is used, or name a command with --rsh");
  }
  warn("using the system's ssh for " + host.display() + ", since the built-in one does not support " + reason);
  return std::make_unique<ProcessShell>(system_ssh_command(files, config), host);
}

}  // namespace

std::optional<std::string> find_reason_for_system_ssh(const HostSpec& host, const SshFiles& files) {
  return find_reason(host, read_config(host, files), files);
}

std::unique_ptr<RemoteShell> open_shell(const HostSpec& host, const ConnectOptions& options) {
  if (!options.rsh.empty()) return std::make_unique<ProcessShell>(split_rsh(options.rsh), host);
  const SshFiles& files = options.files;
  const SshConfig config = read_config(host, files);
  if (const auto reason = find_reason(host, config, files)) return open_system_ssh(host, config, files, *reason);
  NoPrompter nobody;
  Prompter& prompter = options.prompter != nullptr ? *options.prompter : nobody;
  return std::make_unique<SshShell>(make_ssh_settings(host, config, files, local_user_name()), prompter);
}

StartedHelper connect(const HostSpec& host, const ConnectOptions& options) {
  try {
    const std::unique_ptr<RemoteShell> shell = open_shell(host, options);
    return start_helper(*shell, options.helpers, options.helper);
  } catch (Error& error) {
    error.on_host(host.display());
    throw;
  }
}

}  // namespace docker_sync
