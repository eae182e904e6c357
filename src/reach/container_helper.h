// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The helper on the host of a daemon that is reached by TCP alone: in a container with the daemon's own socket.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "engine/helper_container.h"
#include "transport/bootstrap_script.h"

namespace docker_sync {

/// The helper for a daemon's machine, decompressed. Throws ExitCode::helper if there is none.
[[nodiscard]] Bytes helper_for(const std::string& architecture, std::span<const HelperImage> helpers);

/// Starts it; `connect` and `daemon` as HelperContainer has them. `tmpfolder` is the host's folder for scratch files,
/// empty: a volume that goes with the container. Throws ExitCode::helper, engine, image or disk where a container
/// cannot be had or does not do, and nothing is left of it then; else as HelperContainer.
[[nodiscard]] std::unique_ptr<HelperContainer> start_container_helper(const HttpClient::Connect& connect,
                                                                      const std::string& daemon,
                                                                      std::span<const HelperImage> helpers,
                                                                      const std::string& tmpfolder);

}  // namespace docker_sync
