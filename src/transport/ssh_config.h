// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What ssh_config(5) says about one host, by OpenSSH's own rules. libssh has a reader too, but it drops keywords in
// silence, matches Host against a name that HostName has already replaced, and cuts lines at 1024 bytes; so the files
// are read here once, and both the settings for libssh and the question whether libssh will do come from that.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace docker_sync {

struct SshConfigText {
  std::string path;     ///< for messages
  std::string text;
  bool system = false;  ///< a relative Include is looked up in /etc/ssh rather than in ~/.ssh
};

/// Hands out the files that an Include of `including` names, in order; none if there are none.
using SshIncludeReader =
    std::function<std::vector<SshConfigText>(const SshConfigText& including, const std::string& pattern)>;

struct SshConfigQuery {
  std::string host;        ///< as the user wrote it
  std::string user;        ///< as the user wrote it, or empty
  std::string local_user;  ///< who asks
};

class SshConfig {
 public:
  struct Setting {
    std::string keyword;                 ///< lower case
    std::vector<std::string> arguments;  ///< at least one; the whole rest of the line for commands
    std::string where;                   ///< "path line N"
    bool certain = true;                 ///< false under a Match that only ssh can decide
  };

  /// All that applies to the host, in the order of reading; of most keywords only the first counts.
  std::vector<Setting> settings;
  /// Why the files cannot be understood as a whole; ssh would refuse them too, or knows more than we do.
  std::optional<std::string> problem;
  /// What the files tell ssh to leave unknown.
  std::vector<std::string> ignore_unknown;

  /// The setting that counts, or null.
  [[nodiscard]] const Setting* find(std::string_view keyword) const;
  /// Its first argument, or empty.
  [[nodiscard]] std::string value(std::string_view keyword) const;
};

/// Reads `files`, the user's before the system's. Memory: the settings that apply. Never throws on what is in them.
[[nodiscard]] SshConfig resolve_ssh_config(std::span<const SshConfigText> files, const SshConfigQuery& query,
                                           const SshIncludeReader& read_include);

}  // namespace docker_sync
