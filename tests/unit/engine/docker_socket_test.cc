// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/docker_socket.h"

#include <doctest/doctest.h>

#include <map>

#include "base/error.h"

using namespace docker_sync;

namespace {

constexpr const char* kSystem = "/var/run/docker.sock";
// sha256 of "work"
constexpr const char* kWorkMeta =
    "/home/u/.docker/contexts/meta/00e13ed7af55b27622f1d6eab5bec0147e68efe28dc2b12461117afa1a5ed40e/meta.json";

struct Host {
  std::map<std::string, std::string> variables{{"HOME", "/home/u"}};
  std::map<std::string, std::string> files;
  std::map<std::string, SocketState> sockets;

  [[nodiscard]] std::string find(const std::string& address = "") const {
    return find_docker_socket(address, surroundings());
  }

  [[nodiscard]] Surroundings surroundings() const {
    Surroundings host;
    host.variable = [this](const std::string& name) {
      const auto found = variables.find(name);
      return found == variables.end() ? "" : found->second;
    };
    host.file = [this](const std::string& path) -> std::optional<std::string> {
      const auto found = files.find(path);
      if (found == files.end()) return std::nullopt;
      return found->second;
    };
    host.socket = [this](const std::string& path) {
      const auto found = sockets.find(path);
      return found == sockets.end() ? SocketState::absent : found->second;
    };
    host.user_id = 1000;
    return host;
  }

  [[nodiscard]] Error refusal(const std::string& address = "") const {
    try {
      (void)find(address);
    } catch (const Error& error) {
      return error;
    }
    return Error(ExitCode::ok, "found");
  }
};

std::string meta(const std::string& address) {
  return R"({"Name":"work","Metadata":{},"Endpoints":{"docker":{"Host":")" + address + R"(","SkipTLSVerify":false}}})";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("without anything it is /var/run/docker.sock") { CHECK(Host().find() == kSystem); }

TEST_CASE("an address that was given wins over everything") {
  Host host;
  host.variables["DOCKER_HOST"] = "unix:///other.sock";
  CHECK(host.find("unix:///run/my.sock") == "/run/my.sock");
  CHECK(host.find("unix://") == kSystem);
}

TEST_CASE("DOCKER_HOST wins over DOCKER_CONTEXT, as in docker") {
  Host host;
  host.variables["DOCKER_HOST"] = "unix:///other.sock";
  host.variables["DOCKER_CONTEXT"] = "work";
  CHECK(host.find() == "/other.sock");
}

TEST_CASE("anything but a unix socket is refused by name") {
  Host host;
  for (const char* address : {"tcp://10.0.0.1:2375", "ssh://u@h", "npipe:////./pipe/x", "/var/run/docker.sock"}) {
    CAPTURE(address);
    host.variables["DOCKER_HOST"] = address;
    const Error error = host.refusal();
    CHECK(error.code() == ExitCode::engine);
    CHECK(contains(error.what(), "DOCKER_HOST is '" + std::string(address) + "'"));
    CHECK(contains(error.what(), "unix"));
    CHECK(host.refusal(address).code() == ExitCode::engine);
  }
}

TEST_CASE("the current context of the configuration is used") {
  Host host;
  host.files["/home/u/.docker/config.json"] = R"({"currentContext":"work"})";
  host.files[kWorkMeta] = meta("unix:///work.sock");
  CHECK(host.find() == "/work.sock");
}

TEST_CASE("DOCKER_CONTEXT wins over the configuration; 'default' means no context") {
  Host host;
  host.files["/home/u/.docker/config.json"] = R"({"currentContext":"gone"})";
  host.files[kWorkMeta] = meta("unix:///work.sock");
  host.variables["DOCKER_CONTEXT"] = "work";
  CHECK(host.find() == "/work.sock");
  host.variables["DOCKER_CONTEXT"] = "default";
  CHECK(host.find() == kSystem);
}

TEST_CASE("a context may be named by address, and leave the place to the defaults") {
  Host host;
  host.files[kWorkMeta] = meta("unix:///work.sock");
  CHECK(host.find("context:work") == "/work.sock");
  host.files[kWorkMeta] = meta("");
  CHECK(host.find("context:work") == kSystem);
  CHECK(host.find("context:default") == kSystem);
}

TEST_CASE("a context elsewhere is refused, a missing or broken one too") {
  Host host;
  host.variables["DOCKER_CONTEXT"] = "work";
  CHECK(contains(host.refusal().what(), "'work' does not exist"));
  for (const char* broken : {"", "[]", "{}", "{", R"({"Endpoints":[]})", R"({"Endpoints":{"docker":{"Host":5}}})"}) {
    CAPTURE(broken);
    host.files[kWorkMeta] = broken;
    CHECK(host.refusal().code() == ExitCode::engine);
    CHECK(contains(host.refusal().what(), "names no Docker"));
  }
  host.files[kWorkMeta] = meta("ssh://u@h");
  CHECK(contains(host.refusal().what(), "the docker context 'work' is 'ssh://u@h'"));
}

TEST_CASE("a place that is no socket is found for whoever can go there") {
  Host host;
  host.variables["DOCKER_HOST"] = "tcp://10.0.0.1:2376";
  CHECK(find_docker("", host.surroundings()).url == "tcp://10.0.0.1:2376");
  CHECK(find_docker("", host.surroundings()).origin == "DOCKER_HOST");
  host.files[kWorkMeta] = meta("ssh://u@h");
  const DockerPlace place = find_docker("context:work", host.surroundings());
  CHECK(place.url == "ssh://u@h");
  CHECK(place.tls_folder.empty());
  CHECK_FALSE(place.skip_verification);
  CHECK(find_docker("context:default", host.surroundings()).url == std::string("unix://") + kSystem);
}

TEST_CASE("a context's TLS files lie beside it, by the same key") {
  const std::string folder =
      "/home/u/.docker/contexts/tls/00e13ed7af55b27622f1d6eab5bec0147e68efe28dc2b12461117afa1a5ed40e/docker";
  for (const char* name : {"ca.pem", "cert.pem", "key.pem"}) {
    Host host;
    host.files[kWorkMeta] = meta("tcp://h:2376");
    host.files[folder + "/" + name] = "text";
    CHECK(find_docker("context:work", host.surroundings()).tls_folder == folder);
  }
}

TEST_CASE("a context may trust any certificate; nonsense there trusts none") {
  Host host;
  for (const auto& [text, skips] : {std::pair{"true", true}, {"false", false}, {"\"true\"", false}, {"1", false}}) {
    host.files[kWorkMeta] =
        std::string(R"({"Endpoints":{"docker":{"Host":"tcp://h:1","SkipTLSVerify":)") + text + "}}}";
    CHECK(find_docker("context:work", host.surroundings()).skip_verification == skips);
  }
}

TEST_CASE("DOCKER_CONFIG moves the configuration") {
  Host host;
  host.variables["DOCKER_CONFIG"] = "/etc/d";
  host.files["/etc/d/config.json"] = R"({"currentContext":"work"})";
  CHECK(contains(host.refusal().what(), "/etc/d/contexts/meta/"));
}

TEST_CASE("a configuration without a context, or without sense, changes nothing") {
  Host host;
  for (const char* text : {"{}", "", "{", "[]", R"({"currentContext":""})", R"({"currentContext":7})"}) {
    CAPTURE(text);
    host.files["/home/u/.docker/config.json"] = text;
    CHECK(host.find() == kSystem);
  }
}

TEST_CASE("the rootless daemon's places are tried when the system's socket cannot be used") {
  Host host;
  host.sockets["/home/u/.docker/run/docker.sock"] = SocketState::usable;
  CHECK(host.find() == "/home/u/.docker/run/docker.sock");
  host.sockets["/run/user/1000/docker.sock"] = SocketState::usable;
  CHECK(host.find() == "/run/user/1000/docker.sock");
  host.variables["XDG_RUNTIME_DIR"] = "/run/x";
  host.sockets["/run/x/docker.sock"] = SocketState::usable;
  CHECK(host.find() == "/run/x/docker.sock");
  host.sockets[kSystem] = SocketState::denied;
  CHECK(host.find() == "/run/x/docker.sock");
  host.sockets[kSystem] = SocketState::usable;
  CHECK(host.find() == kSystem);
}

TEST_CASE("if all there is is denied, that one is named") {
  Host host;
  host.sockets["/run/user/1000/docker.sock"] = SocketState::denied;
  CHECK(host.find() == "/run/user/1000/docker.sock");
}

TEST_CASE("without HOME there is no configuration") {
  Host host;
  host.variables.erase("HOME");
  CHECK(host.find() == kSystem);
}

TEST_CASE("the host's own surroundings answer") {
  const Surroundings host = host_surroundings();
  CHECK_FALSE(host.variable("PATH").empty());
  CHECK(host.variable("DOCKER_SYNC_NO_SUCH_VARIABLE").empty());
  CHECK(host.file("/proc/self/cmdline").has_value());
  CHECK_FALSE(host.file("/").has_value());
  CHECK_FALSE(host.file("/nonexistent").has_value());
  CHECK(host.socket("/nonexistent") == SocketState::absent);
  CHECK(host.socket("/proc/self/cmdline") == SocketState::absent);
}
