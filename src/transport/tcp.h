// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A TCP connection to the first address of a host that answers. libssh would give up after the first address alone,
// and could not say whether the name or the port was wrong.
#pragma once

#include <chrono>
#include <string>

#include "base/fd.h"

namespace docker_sync {

/// Connects with TCP_NODELAY and keepalives on; `bind_address` may be empty. `timeout` is for each address.
/// Throws ExitCode::connection: unknown host, refused, timed out, no route.
[[nodiscard]] Fd connect_tcp(const std::string& host, uint16_t port, const std::string& bind_address,
                             std::chrono::milliseconds timeout);

/// Tells the peer at once that what came is here, where the kernel would wait up to 40 ms for something to send along.
/// A server that keeps a small packet back until the one before has arrived (Nagle's algorithm, which OpenSSH's leaves
/// on for commands) waits for that. Does nothing where `fd` is no TCP connection.
void acknowledge(int fd) noexcept;

}  // namespace docker_sync
