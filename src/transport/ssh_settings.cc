// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/ssh_settings.h"

#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/fd.h"
#include "transport/ssh_pattern.h"

namespace docker_sync {

namespace {

constexpr std::chrono::seconds kConnectTimeout(30);
constexpr size_t kMaxConfigBytes = 1 << 20;

[[noreturn]] void refuse(const SshConfig::Setting& setting) {
  throw Error(ExitCode::usage, setting.where + ": " + setting.keyword + " cannot be " + setting.arguments.front());
}

unsigned number_of(const SshConfig& config, std::string_view keyword, unsigned otherwise, unsigned limit) {
  const SshConfig::Setting* setting = config.find(keyword);
  if (setting == nullptr) return otherwise;
  const std::string& text = setting->arguments.front();
  unsigned number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || number == 0 || number > limit) refuse(*setting);
  return number;
}

bool flag(const SshConfig& config, std::string_view keyword, bool otherwise) {
  const std::string value = config.value(keyword);
  if (value.empty()) return otherwise;
  return value != "no" && value != "false";
}

/// Fills in ~ and %tokens. REQUIRES: the check has seen that there are no others.
class Expander {
 public:
  Expander(const HostSpec& spec, const SshSettings& settings, const SshFiles& files, const std::string& local_user)
      : spec_(spec), settings_(settings), files_(files), local_user_(local_user) {}

  [[nodiscard]] std::string tokens(std::string_view text) const {
    std::string result;
    for (size_t i = 0; i < text.size(); ++i) {
      result += text[i] == '%' && i + 1 < text.size() ? token(text[++i]) : std::string(1, text[i]);
    }
    return result;
  }

  [[nodiscard]] std::string path(std::string_view text) const {
    const bool under_home = text == "~" || text.starts_with("~/");
    return under_home ? files_.home + tokens(text.substr(1)) : tokens(text);
  }

 private:
  [[nodiscard]] std::string token(char name) const {
    switch (name) {
      case 'd': return files_.home;
      case 'h': return settings_.host.empty() ? spec_.host : settings_.host;
      case 'n': return spec_.host;
      case 'p': return std::to_string(settings_.port);
      case 'r': return settings_.user;
      case 'u': return local_user_;
      default: return std::string(1, name);
    }
  }

  const HostSpec& spec_;
  const SshSettings& settings_;
  const SshFiles& files_;
  const std::string& local_user_;
};

std::string quote_for_shell(const std::string& word) {
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

void set_identities(SshSettings& settings, const SshConfig& config, const SshFiles& files, const Expander& expand) {
  for (const SshConfig::Setting& setting : config.settings) {
    if (setting.keyword != "identityfile") continue;
    settings.identities_are_named = true;
    if (setting.arguments.front() == "none") continue;
    std::string path = expand.path(setting.arguments.front());
    const auto& known = settings.identity_files;
    if (std::ranges::find(known, path) == known.end()) settings.identity_files.push_back(std::move(path));
  }
  if (!settings.identities_are_named) settings.identity_files = files.identities;
}

/// ProxyCommand and ProxyJump share one place: the first that is said counts.
void set_proxy(SshSettings& settings, const SshConfig& config, const SshFiles& files, const Expander& expand) {
  for (const SshConfig::Setting& setting : config.settings) {
    const std::string& value = setting.arguments.front();
    if (setting.keyword == "proxycommand") {
      if (value != "none") settings.proxy_command = expand.tokens(value);
      return;
    }
    if (setting.keyword == "proxyjump") {
      if (value != "none") settings.proxy_command = make_jump_command(value, settings.host, settings.port, files);
      return;
    }
  }
}

void set_authentication(SshSettings& settings, const SshConfig& config) {
  settings.use_public_keys = flag(config, "pubkeyauthentication", true);
  settings.use_passwords = flag(config, "passwordauthentication", true);
  const bool challenge = flag(config, "challengeresponseauthentication", true);
  settings.use_keyboard_interactive = flag(config, "kbdinteractiveauthentication", challenge);
  settings.use_gssapi = flag(config, "gssapiauthentication", false);
  settings.may_ask = !flag(config, "batchmode", false);
  settings.password_tries = static_cast<int>(number_of(config, "numberofpasswordprompts", 3, 100));
}

void set_algorithms(SshSettings& settings, const SshConfig& config) {
  for (const char* keyword : {"ciphers", "macs", "kexalgorithms", "hostkeyalgorithms", "pubkeyacceptedalgorithms",
                              "pubkeyacceptedkeytypes", "gssapiserveridentity", "gssapiclientidentity"}) {
    if (const auto* setting = config.find(keyword)) {
      settings.algorithms.emplace_back(keyword, setting->arguments.front());
    }
  }
  settings.compression = flag(config, "compression", false);
}

}  // namespace

SshSettings make_ssh_settings(const HostSpec& spec, const SshConfig& config, const SshFiles& files,
                              const std::string& local_user) {
  SshSettings settings;
  const Expander expand(spec, settings, files, local_user);
  const std::string renamed = config.value("hostname");
  const std::string host = renamed.empty() ? spec.host : expand.tokens(renamed);
  settings.host = HostSpec::parse(host.find(':') == std::string::npos ? host : "[" + host + "]").host;
  settings.user = !spec.user.empty() ? spec.user : config.value("user");
  if (settings.user.empty()) settings.user = local_user;
  settings.port = spec.port.value_or(static_cast<uint16_t>(number_of(config, "port", 22, 65535)));
  settings.bind_address = config.value("bindaddress");
  settings.connect_timeout = std::chrono::seconds(
      config.value("connecttimeout") == "none" ? kConnectTimeout.count()
                                               : number_of(config, "connecttimeout", kConnectTimeout.count(), 86400));

  const std::string user_known_hosts = config.value("userknownhostsfile");
  settings.user_known_hosts = user_known_hosts.empty() ? files.user_known_hosts : expand.path(user_known_hosts);
  const std::string global_known_hosts = config.value("globalknownhostsfile");
  settings.global_known_hosts =
      global_known_hosts.empty() ? files.global_known_hosts : expand.path(global_known_hosts);
  const std::string strict = config.value("stricthostkeychecking");
  settings.may_ask_about_host_keys = strict.empty() || strict == "ask";
  settings.hash_known_hosts = flag(config, "hashknownhosts", false);
  settings.agent_socket = expand.path(config.value("identityagent"));

  set_identities(settings, config, files, expand);
  set_authentication(settings, config);
  set_algorithms(settings, config);
  set_proxy(settings, config, files, expand);
  return settings;
}

std::string make_jump_command(const std::string& jumps, const std::string& host, uint16_t port,
                              const SshFiles& files) {
  // ssh itself makes the way to the last host but one; it knows how to ask on the terminal.
  const size_t last_comma = jumps.rfind(',');
  const HostSpec last = HostSpec::parse(last_comma == std::string::npos ? jumps : jumps.substr(last_comma + 1));
  std::string command = "ssh";
  if (!files.as_ssh_has_them && !files.user_config.empty()) command += " -F " + quote_for_shell(files.user_config);
  if (last_comma != std::string::npos) {
    const std::string first_ones = jumps.substr(0, last_comma);
    for (const std::string& jump : split_commas(first_ones)) static_cast<void>(HostSpec::parse(jump));
    command += " -J " + quote_for_shell(first_ones);
  }
  if (!last.user.empty()) command += " -l " + quote_for_shell(last.user);
  if (last.port) command += " -p " + std::to_string(*last.port);
  const std::string target = "[" + host + "]:" + std::to_string(port);
  return command + " -W " + quote_for_shell(target) + " " + quote_for_shell(last.host);
}

std::vector<SshConfigText> read_ssh_config_files(const SshFiles& files) {
  std::vector<SshConfigText> texts;
  if (auto text = read_file(files.user_config, kMaxConfigBytes)) {
    texts.push_back({files.user_config, std::move(*text), false});
  }
  if (!files.system_config.empty()) {
    if (auto text = read_file(files.system_config, kMaxConfigBytes)) {
      texts.push_back({files.system_config, std::move(*text), true});
    }
  }
  return texts;
}

SshIncludeReader make_include_reader(const SshFiles& files) {
  return [home = files.home](const SshConfigText& including, const std::string& pattern) {
    std::string path = pattern;
    if (path.starts_with("~/")) {
      path = home + path.substr(1);
    } else if (!path.starts_with('/') && !path.starts_with('~')) {
      path = (including.system ? "/etc/ssh/" : home + "/.ssh/") + path;
    }
    std::vector<SshConfigText> texts;
    glob_t found{};
    if (::glob(path.c_str(), GLOB_TILDE, nullptr, &found) == 0) {
      for (size_t i = 0; i < found.gl_pathc; ++i) {
        struct stat status {};
        if (::stat(found.gl_pathv[i], &status) != 0 || !S_ISREG(status.st_mode)) continue;
        if (auto text = read_file(found.gl_pathv[i], kMaxConfigBytes)) {
          texts.push_back({found.gl_pathv[i], std::move(*text), including.system});
        }
      }
    }
    ::globfree(&found);
    return texts;
  };
}

}  // namespace docker_sync
