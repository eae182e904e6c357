// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A daemon that listens on TCP: where, and whether with TLS, which is found out as docker finds it out.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "base/channel.h"
#include "engine/docker_socket.h"
#include "engine/http.h"
#include "reach/tls_stream.h"
#include "transport/host_spec.h"

namespace docker_sync {

/// What the command line says of TLS; empty: nothing.
struct TlsOptions {
  bool verify = false;
  std::string ca, certificate, key;

  [[nodiscard]] bool given() const { return verify || !ca.empty() || !certificate.empty() || !key.empty(); }
};

/// The settings for a daemon that was named by its address, or nothing for one that is reached without TLS: from the
/// options, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH. Our own certificate may be missing where it was not named.
[[nodiscard]] std::optional<TlsSettings> tls_settings(const TlsOptions& options, const Surroundings& host);

/// Those for a daemon that a context leads to: what lies beside the context, or what the options say.
[[nodiscard]] std::optional<TlsSettings> tls_settings(const DockerPlace& context, const TlsOptions& options,
                                                      const Surroundings& host);

/// Bytes to and from a daemon, over all its connections. Any thread.
struct NetworkCount {
  std::atomic<uint64_t> sent = 0, received = 0;
};

struct TcpDaemon {
  HostSpec address;  ///< without a port: docker's, which depends on TLS
  std::optional<TlsSettings> tls;
  std::shared_ptr<NetworkCount> count = std::make_shared<NetworkCount>();

  /// One more connection. Throws ExitCode::connection and what connect_tls() throws.
  [[nodiscard]] std::unique_ptr<EngineStream> connect() const;
};

}  // namespace docker_sync
