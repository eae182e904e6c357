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

std::string default_socket(const Surroundings& host);

DockerPlace default_place(const Surroundings& host) {
  return {std::string(kUnixScheme) + default_socket(host), "the default", {}, false};
}

/// The folder of a context's TLS files; empty if it has none.
std::string context_tls_folder(const std::string& key, const Surroundings& host) {
  const std::string folder = fmt::format("{}/contexts/tls/{}/docker", configuration_folder(host), key);
  for (const char* name : {"ca.pem", "cert.pem", "key.pem"}) {
    if (host.file(folder + "/" + name)) return folder;
  }
  return {};
}

/// Where the context says; it may leave that to the defaults.
DockerPlace context_place(const std::string& name, const Surroundings& host) {
  if (name == kDefaultContext) return default_place(host);
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
  if (meta[kHost].get_ref<const std::string&>().empty()) return default_place(host);
  static const nlohmann::json::json_pointer kSkip("/Endpoints/docker/SkipTLSVerify");
  const bool skip = meta.contains(kSkip) && meta[kSkip].is_boolean() && meta[kSkip].get<bool>();
  return {meta[kHost], fmt::format("the docker context '{}'", name), context_tls_folder(key, host), skip, true};
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

}  // namespace

DockerPlace find_docker(const std::string& address, const Surroundings& host) {
  if (address.starts_with(kContextScheme)) return context_place(address.substr(kContextScheme.size()), host);
  if (!address.empty()) return {address, "the engine's address", {}, false};
  if (const std::string named = host.variable("DOCKER_HOST"); !named.empty()) return {named, "DOCKER_HOST", {}, false};
  return context_place(current_context(host), host);
}

std::string find_docker_socket(const std::string& address, const Surroundings& host) {
  const DockerPlace place = find_docker(address, host);
  if (!place.url.starts_with(kUnixScheme)) {
    throw Error(ExitCode::engine,
                fmt::format("{} is '{}': only unix sockets can be used here", place.origin, place.url),
                "name one as unix:///path/to/docker.sock");
  }
  const std::string path = place.url.substr(kUnixScheme.size());
  return path.empty() ? kSystemSocket : path;
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
