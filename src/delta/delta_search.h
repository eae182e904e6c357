// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The other half of the rsync algorithm (signature.h): which blocks of the basis lie in a content, wherever they begin.
#pragma once

#include <vector>

#include "delta/delta_parts.h"
#include "delta/signature.h"

namespace docker_sync {

/// What of `content` lies in what `signature` describes, in order. A large content is looked through in parts by up to
/// four threads, with the same result but for repeated blocks. Memory: 20 bytes per block, so at most 20 MiB, 200 KiB
/// for each thread, and 32 per part found. Throws ExitCode::protocol for a signature that was forged to make this slow.
/// Short sums may match by chance: check the hash of what is made.
[[nodiscard]] std::vector<DeltaPart> find_delta(const Signature& signature, const RandomAccess& content);

}  // namespace docker_sync
