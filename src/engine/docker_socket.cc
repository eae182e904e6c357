// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/docker_socket.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/log.h"

namespace docker_sync {

namespace {

constexpr std::string_view kUnixScheme = "unix://";
constexpr std::string_view kContextScheme = "context:";
constexpr const char* kSystemSocket = "/var/run/docker.sock";
constexpr const char* kDefaultContext = "default";

/// `origin` says who named the address, for the message.
std::string unix_path(const std::string& address, const std::string& origin) {
  if (address.starts_with(kUnixScheme)) {
    const std::string path = address.substr(kUnixScheme.size());
    return path.empty() ? kSystemSocket : path;
  }
  throw Error(ExitCode::engine, fmt::format("{} is '{}': only unix sockets can be used yet", origin, address),
              "name one as unix:///path/to/docker.sock");
}

std::string configuration_folder(const Surroundings& host) {
  if (const std::string named = host.variable("DOCKER_CONFIG"); !named.empty()) return named;
  const std::string home = host.variable("HOME");
  return home.empty() ? "" : home + "/.docker";
}

std::string current_context(const Surroundings& host) {
  if (const std::string named = host.variable("DOCKER_CONTEXT"); !named.empty()) return named;
  const std::string folder = configuration_folder(host);
  if (folder.empty()) return kDefaultContext;
  const auto text = host.file(folder + "/config.json");
  if (!text) return kDefaultContext;
  const auto config = nlohmann::json::parse(*text, nullptr, false);
  if (!config.is_object()) {
    warn(folder + "/config.json is not JSON; it is passed over, as docker does");
    return kDefaultContext;
  }
  const auto name = config.find("currentContext");
  if (name == config.end() || !name->is_string() || name->get_ref<const std::string&>().empty()) return kDefaultContext;
  return *name;
}

/// The address that a context has for Docker; empty if it leaves it to the defaults.
std::string context_address(const std::string& name, const Surroundings& host) {
  const std::string key = to_hex(sha256(as_bytes(name)));
  const std::string path = fmt::format("{}/contexts/meta/{}/meta.json", configuration_folder(host), key);
  const auto text = host.file(path);
  if (!text) {
    throw Error(ExitCode::engine, fmt::format("the docker context '{}' does not exist ({})", name, path),
                "see 'docker context ls'");
  }
  const auto meta = nlohmann::json::parse(*text, nullptr, false);
  static const nlohmann::json::json_pointer kHost("/Endpoints/docker/Host");
  if (!meta.is_object() || !meta.contains(kHost) || !meta[kHost].is_string()) {
    throw Error(ExitCode::engine, fmt::format("the docker context '{}' names no Docker ({})", name, path),
                fmt::format("see 'docker context inspect {}'", name));
  }
  return meta[kHost];
}

std::string default_socket(const Surroundings& host) {
  std::vector<std::string> places{kSystemSocket};
  if (const auto folder = host.variable("XDG_RUNTIME_DIR"); !folder.empty()) places.push_back(folder + "/docker.sock");
  places.push_back(fmt::format("/run/user/{}/docker.sock", host.user_id));
  if (const auto home = host.variable("HOME"); !home.empty()) places.push_back(home + "/.docker/run/docker.sock");

  const std::string* denied = nullptr;
  for (const std::string& place : places) {
    const SocketState state = host.socket(place);
    if (state == SocketState::usable) return place;
    if (state == SocketState::denied && denied == nullptr) denied = &place;
  }
  return denied != nullptr ? *denied : places.front();  // connecting to it says what is wrong
}

std::string context_socket(const std::string& name, const Surroundings& host) {
  if (name == kDefaultContext) return default_socket(host);
  const std::string address = context_address(name, host);
  return address.empty() ? default_socket(host) : unix_path(address, fmt::format("the docker context '{}'", name));
}

}  // namespace

std::string find_docker_socket(const std::string& address, const Surroundings& host) {
  if (address.starts_with(kContextScheme)) return context_socket(address.substr(kContextScheme.size()), host);
  if (!address.empty()) return unix_path(address, "the engine's address");
  if (const std::string named = host.variable("DOCKER_HOST"); !named.empty()) return unix_path(named, "DOCKER_HOST");
  return context_socket(current_context(host), host);
}

Surroundings host_surroundings() {
  Surroundings host;
  host.variable = [](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return std::string(value != nullptr ? value : "");
  };
  host.file = [](const std::string& path) -> std::optional<std::string> {
    try {
      return read_file(path);
    } catch (const Error&) {
      return std::nullopt;  // as docker: a configuration that we may not read is none
    }
  };
  host.socket = [](const std::string& path) {
    struct stat status;
    if (::stat(path.c_str(), &status) != 0) return errno == EACCES ? SocketState::denied : SocketState::absent;
    if (!S_ISSOCK(status.st_mode)) return SocketState::absent;
    return ::access(path.c_str(), R_OK | W_OK) == 0 ? SocketState::usable : SocketState::denied;
  };
  host.user_id = ::geteuid();
  return host;
}

}  // namespace docker_sync
