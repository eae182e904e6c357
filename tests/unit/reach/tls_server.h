// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A TLS server of this machine's openssl, with an authority of its own. It sends each line back reversed.
#pragma once

#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "base/subprocess.h"
#include "reach/tls_stream.h"
#include "transport/tcp.h"

namespace docker_sync::test {

inline void run_openssl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "openssl");
  Subprocess process(arguments, {.input = true, .output = true, .error = true});
  process.input.reset();
  Bytes block(4096);
  while (read_some(process.output, block).value_or(0) > 0) continue;
  if (process.wait() != 0) throw Error(ExitCode::internal, "openssl failed");
}

/// Certificates in a folder that goes with it: two authorities, and what the first one signed.
class Certificates {
 public:
  Certificates() {
    std::string pattern = "/tmp/docker-sync-tls-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    for (const char* authority : {"ca", "other"}) make(authority, "/CN=authority", {});
    make("server", "/CN=localhost",
         {"-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-addext", "subjectAltName=DNS:localhost"});
    make("client", "/CN=client", {"-CA", path("ca.pem"), "-CAkey", path("ca.key")});
  }
  ~Certificates() { std::filesystem::remove_all(folder_); }
  Certificates(const Certificates&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  void make(const std::string& name, const std::string& subject, const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"req",
                                       "-x509",
                                       "-newkey",
                                       "ec",
                                       "-pkeyopt",
                                       "ec_paramgen_curve:P-256",
                                       "-nodes",
                                       "-days",
                                       "2",
                                       "-subj",
                                       subject,
                                       "-keyout",
                                       path(name + ".key"),
                                       "-out",
                                       path(name + ".pem")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    run_openssl(arguments);
  }

  std::string folder_;
};

class TlsServer {
 public:
  explicit TlsServer(const Certificates& certificates, const std::vector<std::string>& more = {})
      : process_(command(certificates, more), {.input = true, .output = true, .error = true}) {
    // It says where it listens: "ACCEPT 127.0.0.1:40000".
    std::string said;
    Bytes block(4096);
    while (said.find("ACCEPT ") == said.npos || said.find('\n', said.find("ACCEPT ")) == said.npos) {
      const size_t count = read_some(process_.output, block).value_or(0);
      if (count == 0) throw Error(ExitCode::internal, "openssl s_server ended");
      said.append(as_text(ByteView(block).first(count)));
    }
    const size_t begin = said.find(':', said.find("ACCEPT ")) + 1;
    port_ = static_cast<uint16_t>(std::stoi(said.substr(begin)));
  }
  ~TlsServer() { process_.signal(SIGKILL); }

  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] std::unique_ptr<EngineStream> connect(const TlsSettings& settings,
                                                      const std::string& host = "localhost") const {
    return connect_tls(connect_tcp("127.0.0.1", port_, "", std::chrono::seconds(10)), host, settings,
                       std::chrono::seconds(10));
  }

 private:
  static std::vector<std::string> command(const Certificates& certificates, const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"openssl",
                                       "s_server",
                                       "-accept",
                                       "127.0.0.1:0",
                                       "-rev",
                                       "-cert",
                                       certificates.path("server.pem"),
                                       "-key",
                                       certificates.path("server.key")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  Subprocess process_;
  uint16_t port_ = 0;
};

}  // namespace docker_sync::test
