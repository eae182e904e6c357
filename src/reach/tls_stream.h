// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// TLS to a daemon that listens on TCP, by OpenSSL. In this room and not beside the other streams, because the helper
// reaches its engine by a socket and must stay small.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/fd.h"
#include "engine/engine_stream.h"

namespace docker_sync {

/// Files in PEM.
struct TlsSettings {
  std::string ca;           ///< whose certificates are trusted; empty: those of the system
  std::string certificate;  ///< our own, and `key`; both empty: none
  std::string key;
  bool verify = true;  ///< the daemon's certificate: its issuer, and that it is for the host

  bool operator==(const TlsSettings&) const = default;
};

/// Shakes hands over a connected socket; `host` is whom the certificate must name. The stream may be read by one thread
/// while another one writes. Throws ExitCode::usage for files that cannot be used, host_key for a certificate that is
/// not trusted, authentication if the daemon does not trust ours (it may say so only when the stream is read), and
/// connection if the other side does not speak TLS or says nothing for `timeout`.
[[nodiscard]] std::unique_ptr<EngineStream> connect_tls(Fd socket, const std::string& host, const TlsSettings& settings,
                                                        std::chrono::milliseconds timeout);

}  // namespace docker_sync
