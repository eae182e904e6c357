// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What the source says of a block's contents (Claim), as the destination reads it.
#pragma once

#include <deque>
#include <vector>

#include "endpoint/basis.h"
#include "endpoint/layer_rebuild.h"
#include "endpoint/other_images.h"
#include "endpoint/records.h"
#include "image/skeleton.h"

namespace docker_sync {

/// A claim for each content that is not empty, and of each kind what follows it, in order.
struct Claims {
  std::vector<Claim> claims;
  std::deque<ContentOrigin> copies;
  std::deque<uint64_t> repeats;
  std::deque<AskedContent> asked;
};

/// Throws ExitCode::protocol on what may not be said.
[[nodiscard]] Claims read_claims(RecordReader& offers, const std::vector<SkeletonEntry>& entries, const Basis& basis,
                                 PlaceReader& places);

}  // namespace docker_sync
