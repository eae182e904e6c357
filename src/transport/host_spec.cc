// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/host_spec.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace docker_sync {

namespace {

constexpr std::string_view kScheme = "ssh://";

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw Error(ExitCode::usage, "'" + std::string(text) + "' does not name a host: " + why,
              "write HOST, USER@HOST or ssh://USER@HOST:PORT");
}

bool is_control_or_space(char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }

// What a shell would obey must not reach a ProxyCommand by way of %h or %r (CVE-2023-51385, CVE-2023-6004).
constexpr std::string_view kShellCharacters = "'`\"$;&<>|(){}";

void check_host(std::string_view text, std::string_view host) {
  if (host.empty()) refuse(text, "the host is empty");
  if (host.front() == '-') refuse(text, "a host cannot begin with '-'");
  const bool bad = std::ranges::any_of(host, [](char c) {
    return is_control_or_space(c) || kShellCharacters.find(c) != std::string_view::npos || c == '\\' || c == '/' ||
           c == '@' || c == ',' || c == '[' || c == ']' || c == '!' || c == '#' || c == '*' || c == '?';
  });
  if (bad) refuse(text, "the host has a character that no host name has");
}

void check_user(std::string_view text, std::string_view user) {
  if (user.empty()) refuse(text, "the user before '@' is empty");
  if (user.front() == '-') refuse(text, "a user cannot begin with '-'");
  const bool bad = std::ranges::any_of(
      user, [](char c) { return is_control_or_space(c) || kShellCharacters.find(c) != std::string_view::npos; });
  if (bad || user.back() == '\\') refuse(text, "the user has a character that no user name has");
}

uint16_t parse_port(std::string_view text, std::string_view digits) {
  unsigned port = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failure != std::errc() || end != digits.data() + digits.size() || port == 0 || port > 65535) {
    refuse(text, "the port after ':' is not a number from 1 to 65535");
  }
  return static_cast<uint16_t>(port);
}

std::string percent_decode(std::string_view text, std::string_view part) {
  std::string decoded;
  for (size_t i = 0; i < part.size(); ++i) {
    unsigned value = static_cast<unsigned char>(part[i]);
    if (part[i] == '%') {
      const std::string_view hex = part.substr(i + 1, 2);
      const auto [end, failure] = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
      if (hex.size() != 2 || failure != std::errc() || end != hex.data() + 2) refuse(text, "a '%' without two digits");
      i += 2;
    }
    decoded += static_cast<char>(value);
  }
  return decoded;
}

}  // namespace

HostSpec HostSpec::parse(std::string_view text) {
  HostSpec spec;
  std::string_view rest = text;
  const bool is_uri = rest.starts_with(kScheme);
  if (is_uri) {
    rest.remove_prefix(kScheme.size());
    if (rest.ends_with('/')) rest.remove_suffix(1);
  }
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) {
    spec.user = is_uri ? percent_decode(text, rest.substr(0, at)) : std::string(rest.substr(0, at));
    check_user(text, spec.user);
    rest.remove_prefix(at + 1);
  }

  std::string_view port;
  bool has_port = false;
  if (rest.starts_with('[')) {
    const size_t close = rest.find(']');
    if (close == std::string_view::npos) refuse(text, "'[' without ']'");
    spec.host = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    has_port = rest.starts_with(':');
    if (has_port) port = rest.substr(1);
    if (!has_port && !rest.empty()) refuse(text, "only ':' and a port can follow ']'");
  } else if (std::ranges::count(rest, ':') == 1) {
    has_port = true;
    spec.host = rest.substr(0, rest.find(':'));
    port = rest.substr(rest.find(':') + 1);
  } else {
    spec.host = rest;
  }
  check_host(text, spec.host);
  if (has_port) spec.port = parse_port(text, port);
  return spec;
}

std::string HostSpec::display() const {
  std::string text = user.empty() ? "" : user + "@";
  const bool brackets = port && host.find(':') != std::string::npos;
  text += brackets ? "[" + host + "]" : host;
  if (port) text += ":" + std::to_string(*port);
  return text;
}

}  // namespace docker_sync
