// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/ssh_config_check.h"

#include <algorithm>
#include <array>

#include "transport/ssh_pattern.h"

namespace docker_sync {

namespace {

/// Either libssh honours them, or this room does in its place.
constexpr auto kHonoured = std::to_array<std::string_view>({
    "batchmode", "bindaddress", "challengeresponseauthentication", "ciphers", "compression", "connecttimeout",
    "globalknownhostsfile", "gssapiauthentication", "gssapiclientidentity", "gssapidelegatecredentials",
    "gssapiserveridentity", "hashknownhosts", "hostkeyalgorithms", "hostname", "identityagent", "identityfile",
    "ignoreunknown", "kbdinteractiveauthentication", "kexalgorithms", "macs", "numberofpasswordprompts",
    "passwordauthentication", "port", "proxycommand", "proxyjump", "pubkeyacceptedalgorithms",
    "pubkeyacceptedkeytypes", "pubkeyauthentication", "sendenv", "skeyauthentication", "stricthostkeychecking",
    "user", "userknownhostsfile",
});

constexpr auto kAlgorithmLists = std::to_array<std::string_view>({
    "ciphers", "hostkeyalgorithms", "kexalgorithms", "macs", "pubkeyacceptedalgorithms", "pubkeyacceptedkeytypes",
});

/// They concern terminals, forwardings, local commands, looks, or nothing any more.
constexpr auto kHarmless = std::to_array<std::string_view>({
    "addkeystoagent", "afstokenpassing", "canonicaldomains", "canonicalizefallbacklocal", "canonicalizemaxdots",
    "canonicalizepermittedcnames", "casignaturealgorithms", "channeltimeout", "cipher", "clearallforwardings",
    "compressionlevel", "controlpersist", "dsaauthentication", "dynamicforward", "enableescapecommandline",
    "enablesshkeysign", "escapechar", "exitonforwardfailure", "fallbacktorsh", "fingerprinthash",
    "forkafterauthentication", "forwardagent", "forwardx11", "forwardx11timeout", "forwardx11trusted",
    "gatewayports", "globalknownhostsfile2", "gssapikexalgorithms", "gssapirenewalforcesrekey",
    "hostbasedacceptedalgorithms", "hostbasedkeytypes", "ipqos", "keepalive", "localcommand", "localforward",
    "loglevel", "logverbose", "obscurekeystroketiming", "permitlocalcommand", "permitremoteopen", "protocol",
    "remotecommand", "remoteforward", "requesttty", "rhostsauthentication", "rhostsrsaauthentication",
    "rsaauthentication", "sessiontype", "stdinnull", "streamlocalbindmask", "streamlocalbindunlink",
    "syslogfacility", "tunnel", "tunneldevice", "updatehostkeys", "useprivilegedport", "useroaming", "usersh",
    "visualhostkey", "xauthlocation",
});

/// libssh drops these; `no_reason` lists the values with which that changes nothing.
struct Dropped {
  std::string_view keyword, no_reason;
};
constexpr auto kDropped = std::to_array<Dropped>({
    {"AddressFamily", "any"},
    {"BindInterface", ""},
    {"CanonicalizeHostname", "no"},
    {"CertificateFile", "none"},
    {"CheckHostIP", "no"},
    {"ConnectionAttempts", "1"},
    {"ControlMaster", "no"},
    {"ControlPath", "none"},
    {"GSSAPIKeyExchange", "no"},
    {"GSSAPITrustDns", "no"},
    {"HostbasedAuthentication", "no"},
    {"HostKeyAlias", ""},
    {"IdentitiesOnly", "no"},
    {"KbdInteractiveDevices", ""},
    {"KnownHostsCommand", "none"},
    {"NoHostAuthenticationForLocalhost", "no"},
    {"PKCS11Provider", "none"},
    {"PreferredAuthentications", ""},
    {"ProxyUseFdpass", "no"},
    {"RekeyLimit", "default"},
    {"RequiredRSASize", "1024"},
    {"RevokedHostKeys", "none"},
    {"SecurityKeyProvider", "internal"},
    {"ServerAliveCountMax", ""},
    {"ServerAliveInterval", "0"},
    {"SetEnv", ""},
    {"SmartcardDevice", ""},
    {"Tag", ""},
    {"TCPKeepAlive", "yes"},
    {"VerifyHostKeyDNS", "no"},
});

/// What ssh_config of Debian and others send anyway; the helper does not look at it.
bool is_locale_variable(const std::string& pattern) {
  return pattern == "LANG" || pattern == "LC_*" || pattern.starts_with("LC_") || pattern == "LANGUAGE" ||
         pattern == "COLORTERM" || pattern == "NO_COLOR" || pattern == "XMODIFIERS" || pattern.starts_with('-');
}

/// Whether it has a %token other than those of `known`: left to ssh to expand.
bool has_foreign_token(const std::string& text, std::string_view known) {
  for (size_t at = text.find('%'); at != std::string::npos; at = text.find('%', at + 2)) {
    if (at + 1 == text.size() || known.find(text[at + 1]) == std::string_view::npos) return true;
  }
  return false;
}

/// Whether it has no token but ours, and no ${VARIABLE}.
bool is_plain_path(const std::string& text) {
  return !has_foreign_token(text, "%dhnpru") && text.find("${") == std::string::npos;
}

bool is_honoured_with_limits(const SshConfig::Setting& setting) {
  const std::string value = to_lower(setting.arguments.front());
  const std::string& keyword = setting.keyword;
  if (keyword == "stricthostkeychecking") return value == "ask" || value == "yes" || value == "true";
  if (keyword == "userknownhostsfile" || keyword == "globalknownhostsfile") {
    return setting.arguments.size() == 1 && value != "none" && is_plain_path(setting.arguments.front());
  }
  // libssh 0.10 knows no changes to its own lists, only lists.
  if (std::ranges::find(kAlgorithmLists, keyword) != kAlgorithmLists.end()) {
    return value.find_first_of("+-^") != 0;
  }
  if (keyword == "sendenv") return std::ranges::all_of(setting.arguments, is_locale_variable);
  if (keyword == "identityagent") {
    return value != "none" && value != "ssh_auth_sock" && !value.starts_with('$') &&
           is_plain_path(setting.arguments.front());
  }
  if (keyword == "identityfile") return is_plain_path(setting.arguments.front());
  if (keyword == "hostname") return !has_foreign_token(setting.arguments.front(), "%h");
  if (keyword == "proxycommand") return !has_foreign_token(setting.arguments.front(), "%hnpr");
  return true;
}

bool accumulates(std::string_view keyword) { return keyword == "identityfile" || keyword == "sendenv"; }

/// The name under which libssh drops what the setting asks for, or empty.
std::string dropped_name(const SshConfig::Setting& setting, const SshConfig& config) {
  if (std::ranges::find(kHarmless, setting.keyword) != kHarmless.end()) return {};
  if (std::ranges::find(kHonoured, setting.keyword) != kHonoured.end()) {
    return is_honoured_with_limits(setting) ? "" : setting.keyword;
  }
  for (const Dropped& dropped : kDropped) {
    if (to_lower(dropped.keyword) != setting.keyword) continue;
    const bool changes_nothing = to_lower(setting.arguments.front()) == dropped.no_reason;
    return changes_nothing ? "" : std::string(dropped.keyword);
  }
  if (matches_pattern_list(setting.keyword, config.ignore_unknown)) return {};
  return setting.keyword;  // newer than this program, or a slip of the pen that ssh will name
}

bool names_host(std::string_view names, const std::string& host, uint16_t port) {
  if (names.starts_with('|')) return true;
  const std::vector<std::string> patterns = split_commas(to_lower(names));
  const std::string name = to_lower(host);
  return matches_pattern_list(port == 22 ? name : "[" + name + "]:" + std::to_string(port), patterns);
}

std::string_view take_word(std::string_view& line) {
  const size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
  line.remove_prefix(begin);
  const size_t end = std::min(line.find_first_of(" \t\r"), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

}  // namespace

std::optional<std::string> needs_system_ssh(const SshConfig& config) {
  if (config.problem) return config.problem;
  for (const SshConfig::Setting& setting : config.settings) {
    if (!accumulates(setting.keyword) && config.find(setting.keyword) != &setting) continue;
    const bool harmless = std::ranges::find(kHarmless, setting.keyword) != kHarmless.end();
    if (!setting.certain && !harmless) return setting.keyword + " under a Match (" + setting.where + ")";
    const std::string name = dropped_name(setting, config);
    if (!name.empty()) return name + " (" + setting.where + ")";
  }
  return std::nullopt;
}

std::optional<std::string> needs_system_ssh(std::span<const SshConfigText> files, const SshConfigQuery& query,
                                            const SshIncludeReader& read_include) {
  return needs_system_ssh(resolve_ssh_config(files, query, read_include));
}

std::optional<std::string> find_known_hosts_marker(std::string_view text, const std::string& path,
                                                   const std::string& host, uint16_t port) {
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view marker = take_word(line);
    if (marker.starts_with('@') && names_host(take_word(line), host, port)) {
      return std::string(marker) + " (" + path + " line " + std::to_string(number) + ")";
    }
  }
  return std::nullopt;
}

}  // namespace docker_sync
