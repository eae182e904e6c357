// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "reach/reach.h"

#include <doctest/doctest.h>

#include <map>

#include "base/error.h"

using namespace docker_sync;

namespace {

// sha256 of "work"
constexpr const char* kWorkMeta =
    "/home/u/.docker/contexts/meta/00e13ed7af55b27622f1d6eab5bec0147e68efe28dc2b12461117afa1a5ed40e/meta.json";

struct Host {
  std::map<std::string, std::string> variables{{"HOME", "/home/u"}};
  std::map<std::string, std::string> files;
  TlsOptions tls;

  void context_leads_to(const std::string& url) {
    files[kWorkMeta] = R"({"Name":"work","Endpoints":{"docker":{"Host":")" + url + R"("}}})";
  }
  [[nodiscard]] Place place_of(const std::string& address) const {
    Surroundings host;
    host.variable = [this](const std::string& name) { return variables.contains(name) ? variables.at(name) : ""; };
    host.file = [this](const std::string& path) {
      return files.contains(path) ? std::optional(files.at(path)) : std::nullopt;
    };
    host.socket = [](const std::string&) { return SocketState::absent; };
    return docker_sync::resolve(Address::parse(address), tls, host);
  }
  [[nodiscard]] Address resolve(const std::string& address) const { return place_of(address).address; }
};

}  // namespace

TEST_CASE("what names its place stays as it is") {
  const Host host;
  for (const char* text : {"user@server", "unix:///d.sock", "tcp://server:2376", "podman", "oci:dir", "local"}) {
    CHECK(host.resolve(text) == Address::parse(text));
  }
}

TEST_CASE("DOCKER_HOST decides where local is, and a socket is still here") {
  Host host;
  host.variables["DOCKER_HOST"] = "ssh://user@server:2222";
  CHECK(host.resolve("local") == Address::parse("user@server:2222"));
  host.variables["DOCKER_HOST"] = "tcp://server:2376";
  CHECK(host.resolve("local") == Address::parse("tcp://server:2376"));
  host.variables["DOCKER_HOST"] = "unix:///other.sock";
  CHECK(host.resolve("local") == Address{});
  CHECK(host.resolve("user@server") == Address::parse("user@server"));
}

TEST_CASE("a context is followed, named or current") {
  Host host;
  for (const char* url : {"ssh://user@server", "tcp://server:2376", "unix:///work.sock"}) {
    host.context_leads_to(url);
    CHECK(host.resolve("context:work") == Address::parse(url));
  }
  host.context_leads_to("ssh://user@server");
  host.variables["DOCKER_CONTEXT"] = "work";
  CHECK(host.resolve("local") == Address::parse("user@server"));
}

TEST_CASE("TLS is what the options and the environment say, unless a context has its own") {
  Host host;
  CHECK_FALSE(host.place_of("tcp://server").tls.has_value());
  host.variables["DOCKER_TLS_VERIFY"] = "1";
  CHECK(host.place_of("tcp://server").tls == TlsSettings{"/home/u/.docker/ca.pem", "", "", true});
  host.variables["DOCKER_CERT_PATH"] = "/certs";
  host.files["/certs/cert.pem"] = host.files["/certs/key.pem"] = "text";
  CHECK(host.place_of("tcp://server").tls == TlsSettings{"/certs/ca.pem", "/certs/cert.pem", "/certs/key.pem", true});
  host.tls.key = "/my/key.pem";
  CHECK(host.place_of("tcp://server").tls == TlsSettings{"/certs/ca.pem", "/certs/cert.pem", "/my/key.pem", true});
  host.variables["DOCKER_HOST"] = "tcp://server";
  CHECK(host.place_of("local").tls->key == "/my/key.pem");
}

TEST_CASE("a context's own TLS files win, and the environment is not for contexts") {
  Host host;
  host.context_leads_to("tcp://server");
  host.variables["DOCKER_TLS_VERIFY"] = "1";
  CHECK_FALSE(host.place_of("context:work").tls.has_value());
  host.tls.verify = true;
  CHECK(host.place_of("context:work").tls->ca == "/home/u/.docker/ca.pem");
  const std::string folder =
      "/home/u/.docker/contexts/tls/00e13ed7af55b27622f1d6eab5bec0147e68efe28dc2b12461117afa1a5ed40e/docker";
  host.files[folder + "/ca.pem"] = "text";
  CHECK(host.place_of("context:work").tls == TlsSettings{folder + "/ca.pem", "", "", true});
}

TEST_CASE("a place that no engine can have is refused, with who named it") {
  Host host;
  for (const char* url :
       {"server", "npipe:////./pipe/d", "http://server", "oci:dir", "local", "ssh://-oProxyCommand=x"}) {
    CAPTURE(url);
    host.variables["DOCKER_HOST"] = url;
    try {
      (void)host.resolve("local");
      FAIL("resolved");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::usage);
      CHECK(std::string(error.what()).find("DOCKER_HOST is '" + std::string(url)) != std::string::npos);
    }
  }
}
