// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The one command line that finds, receives and starts the helper on a host. Any login shell must be able to read it,
// csh, fish and busybox among them: `exec sh -c '...'` with neither quote, '!', newline nor backslash pair inside.
// A script sent over standard input was rejected: it costs a round trip where the helper is there already.
//
// What it writes, each on a line of its own that begins with kMarker:
//   need MACHINE            send the helper for MACHINE now; nothing else until it answers
//   came                    it arrived
//   machine MACHINE         there is no helper for it
//   nowhere PLACE: WHY ...  no place takes a file of the helper's size
//   short                   the helper did not arrive whole
//   noexec PLACE ...        it arrived, but runs from none of the places
//   nosudo                  it is there, but sudo is not
//   sudo WHY ...            sudo does not run it
// and otherwise nothing but what the helper itself says.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace docker_sync {

struct HelperImage {
  std::string machine;  ///< as `uname -m` says, such as x86_64
  ByteView compressed;  ///< zstd
  uint64_t size;        ///< once decompressed
  std::string hash;     ///< of the decompressed bytes, in hex: its name on the host
};

/// How the helper is started.
struct HelperCommand {
  std::vector<std::string> arguments;
  bool sudo = false;  ///< by `sudo -n`
};

inline constexpr std::string_view kMarker = "docker-sync-bootstrap:";

/// REQUIRES: at least one helper; machines of letters, digits and '_', hashes in hex. Throws ExitCode::usage if an
/// argument has a newline at its end or a NUL.
[[nodiscard]] std::string make_bootstrap_command(std::span<const HelperImage> helpers, const HelperCommand& command);

/// One argument for the sh within the script, with neither quote nor '!' whatever is in it.
[[nodiscard]] std::string quote_for_script(const std::string& argument);

}  // namespace docker_sync
