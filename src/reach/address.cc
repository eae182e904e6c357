// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "reach/address.h"

#include "base/error.h"

namespace docker_sync {

namespace {

using Kind = Address::Kind;

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw Error(ExitCode::usage, "'" + one_line(std::string(text)) + "' is no address: " + why,
              "the manual lists the forms under ADDRESSES");
}

/// Takes `prefix` off `text` if it is there.
bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::string checked_path(std::string_view text, std::string_view path) {
  if (!path.starts_with('/')) refuse(text, "the path must begin with '/'");
  if (path.find('\0') != path.npos || path.find('\n') != path.npos) refuse(text, "no path has such a character");
  return std::string(path);
}

/// `user@host:port/path`, the path optional.
Address parse_ssh(std::string_view text, std::string_view rest) {
  Address address{Kind::ssh, {}, {}, {}};
  const size_t slash = std::min(rest.find('/'), rest.size());
  if (slash + 1 < rest.size()) address.path = checked_path(text, rest.substr(slash));
  // With the scheme again, since names are percent-encoded in a URL.
  address.host = HostSpec::parse("ssh://" + std::string(rest.substr(0, slash)));
  return address;
}

Address parse_ssh_socket(std::string_view text, std::string_view rest) {
  const size_t colon = rest.find(":/");
  if (colon == rest.npos) refuse(text, "write sshunix://USER@HOST:/path/to.sock");
  return {Kind::ssh, HostSpec::parse(rest.substr(0, colon)), checked_path(text, rest.substr(colon + 1)), {}};
}

Address parse_tcp(std::string_view text, std::string_view rest) {
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find('/') != rest.npos) refuse(text, "nothing can follow the port");
  HostSpec host = HostSpec::parse(rest);
  if (!host.user.empty()) refuse(text, "a daemon that is reached by TCP knows no users");
  return {Kind::tcp, std::move(host), {}, {}};
}

/// As scp has it: a colon before the first slash ends a host.
Address parse_directory(std::string_view text, std::string_view rest) {
  Address address{Kind::oci, {}, {}, {}};
  const size_t brackets = rest.starts_with('[') || rest.find("@[") < rest.find('/') ? rest.find(']') : 0;
  const size_t colon = rest.find(':', brackets == rest.npos ? 0 : brackets);
  if (colon < rest.find('/')) {
    address.host = HostSpec::parse(rest.substr(0, colon));
    rest.remove_prefix(colon + 1);
  }
  if (rest.empty()) refuse(text, "the directory is missing");
  address.path = rest;
  return address;
}

}  // namespace

Address Address::parse(std::string_view text) {
  std::string_view rest = text;
  if (text.empty()) refuse(text, "it is empty");
  if (text == "local") return {};
  if (text == "podman") return {Kind::podman, {}, {}, {}};
  if (take(rest, "ssh://")) return parse_ssh(text, rest);
  if (take(rest, "sshunix://")) return parse_ssh_socket(text, rest);
  if (take(rest, "unix://")) return {Kind::socket, {}, rest.empty() ? "" : checked_path(text, rest), {}};
  if (take(rest, "tcp://")) return parse_tcp(text, rest);
  if (take(rest, "oci:")) return parse_directory(text, rest);
  if (take(rest, "context:")) {
    if (rest.empty()) refuse(text, "the context's name is missing");
    return {Kind::context, {}, {}, std::string(rest)};
  }
  if (text.find("://") != text.npos) refuse(text, "'" + std::string(text.substr(0, text.find("://"))) + "' is unknown");
  return {Kind::ssh, HostSpec::parse(text), {}, {}};
}

std::string Address::display() const {
  switch (kind) {
    case Kind::local:
      return "this host";
    case Kind::podman:
      return "podman";
    case Kind::ssh:
      return host->display();
    case Kind::socket:
      return "unix://" + path;
    case Kind::tcp:
      return "tcp://" + host->display();
    case Kind::context:
      return "context:" + context;
    case Kind::oci:
      return "oci:" + (host ? host->display() + ":" : "") + path;
  }
  return {};
}

}  // namespace docker_sync
