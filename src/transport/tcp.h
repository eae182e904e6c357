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

}  // namespace docker_sync
