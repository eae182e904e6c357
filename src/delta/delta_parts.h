// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A content in parts: copied from its basis, new, or a hole to be filled in a second round. This is what the search
// (delta_search.h) finds, and how it travels: neighbours merged, places told by the place before, new bytes where they
// belong.
//
//   delta  part*                        until their sizes are that of the content; then it must end
//   part   u (size << 2 | kind), then   new: the bytes; copy: z begin, from where the copy before ended in the basis;
//                                       hole: z begin, likewise, u size of what lies there in the basis
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/io.h"

namespace docker_sync {

struct DeltaPart {
  uint64_t size = 0;
  std::optional<uint64_t> from;  ///< where in the basis; nothing: new bytes
  bool operator==(const DeltaPart&) const = default;
};

/// New bytes between two copies, and what lies between these in the basis: probably much alike, but for a few bytes.
struct DeltaHole {
  uint64_t new_offset = 0, new_size = 0;
  uint64_t old_offset = 0, old_size = 0;
  bool operator==(const DeltaHole&) const = default;
};

/// The holes for which a second round with smaller blocks pays: none unless together they do. `block_bytes`: of the
/// first round.
[[nodiscard]] std::vector<DeltaHole> find_holes(const std::vector<DeltaPart>& parts, uint32_t block_bytes);

/// Writes the delta; `holes` are left out of it. Reads what is new of `content`.
void put_delta(const std::vector<DeltaPart>& parts, const std::vector<DeltaHole>& holes, const RandomAccess& content,
               Sink& delta);

/// No content has more holes, so that what a peer says of them takes bounded memory: 8 MiB.
inline constexpr size_t kMostHoles = 1 << 17;

struct DeltaHandler {
  std::function<void(uint64_t from, uint64_t size)> copy;  ///< within the basis
  std::function<void(ByteView bytes)> fresh;
  std::function<void(const DeltaHole&)> hole;  ///< may be empty: then there must be none
};

/// Reads a peer's delta of a content of `content_size` bytes. Throws ExitCode::protocol if it is damaged, points
/// outside of a basis of `basis_size` bytes, makes more or less, or goes on after its end. Memory: 64 KiB.
void read_delta(Source& delta, uint64_t basis_size, uint64_t content_size, const DeltaHandler& handler);

/// Writes the content that a peer's delta without holes makes; likewise. The bytes are whatever the peer says: check
/// their hash.
void apply_delta(const RandomAccess& basis, Source& delta, Sink& content, uint64_t content_size);

}  // namespace docker_sync
