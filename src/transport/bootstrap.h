// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Gets the helper running on a host through one exec: found in its cache (one round trip), or sent first (two).
// Nothing but a POSIX sh, head, ls, wc, mkdir and the like is needed there.
#pragma once

#include <chrono>
#include <memory>

#include "transport/bootstrap_script.h"
#include "transport/remote_shell.h"

namespace docker_sync {

/// What may come before the helper's first words: what a login shell prints.
inline constexpr size_t kMaxBannerBytes = 8192;

struct StartedHelper {
  std::unique_ptr<Channel> channel;  ///< the next byte to be read is the first of kMagic
  uint64_t uploaded_bytes = 0;       ///< 0 where the helper was there already
  uint64_t upload_rate = 0;          ///< bytes per second that the network took then
};

/// Runs the helper that fits the host's machine. A helper must answer --check with status 0, and begin its output with
/// kMagic. Memory: the command line and a banner; 8 MiB during an upload. Throws ExitCode::helper if it cannot be run
/// there, with what the host said; disk if there is no room for it; protocol if too much comes that is not the
/// helper; sudo if that is what does not run it; connection if the link breaks or nothing comes for `silence`.
[[nodiscard]] StartedHelper start_helper(RemoteShell& shell, std::span<const HelperImage> helpers,
                                         const HelperCommand& command,
                                         std::chrono::milliseconds silence = std::chrono::seconds(60));

}  // namespace docker_sync
