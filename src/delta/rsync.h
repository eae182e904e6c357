// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The rsync algorithm for one content whose old version only the destination has: it sends a signature of the old
// one, the source finds what of it is in the new one. librsync does the work (RabinKarp and BLAKE2 sums); this is the
// one place that includes it, and the one that stands between it and what a peer sends: librsync asserts where it
// should refuse. Jobs share nothing, so threads run them side by side, and a large file's in parts.
// Rejected: fixed or content-defined chunks (casync), which send 1.4 times as much on upgraded packages.
#pragma once

#include <cstdint>

#include "base/io.h"
#include "delta/delta_parts.h"

namespace docker_sync {

/// How finely a signature describes a basis file: per block 4 bytes of rolling sum and `strong_bytes` of BLAKE2.
struct SignatureShape {
  uint32_t block_bytes, strong_bytes;
  bool operator==(const SignatureShape&) const = default;
};

/// Blocks and sums are no larger than this in any signature that we make or accept.
inline constexpr SignatureShape kLargestShape{64 << 10, 32};

/// No signature has more blocks, so that a delta's memory is bounded; it is enough for a basis of 64 GiB.
inline constexpr uint64_t kMostBlocks = 1 << 20;

/// The shape that makes signature and delta together small. Blocks grow with the root of the basis; strong sums are as
/// short as a false match in one content of 4096 allows, since every content is checked by its hash afterwards.
/// Shorter would cost more in contents sent twice than it saves.
[[nodiscard]] SignatureShape signature_shape(uint64_t basis_size, uint64_t new_size);

/// How many blocks a signature has, and its exact length, for deciding whether it is worth sending.
[[nodiscard]] uint64_t signature_blocks(uint64_t basis_size, SignatureShape shape);
[[nodiscard]] uint64_t signature_size(uint64_t basis_size, SignatureShape shape);

/// The smallest content for which a signature may pay. On 1,889 changed files of upgraded Debian packages the sum of
/// signatures and solid stream is least at 2 KiB, and flat: 0.1 % more at none and at 3 KiB.
inline constexpr uint64_t kSmallestDeltaBytes = 2 << 10;

/// Whether a signature of `basis_size` bytes for a content of `new_size` is small enough beside what it may save.
[[nodiscard]] bool signature_pays(uint64_t basis_size, uint64_t new_size);

/// Reads the basis once, a large one in up to four threads. Memory: the signature twice, and 80 KiB for each of them.
/// REQUIRES: at most kMostBlocks blocks.
[[nodiscard]] Bytes make_signature(const RandomAccess& basis, SignatureShape shape);

/// Throws ExitCode::protocol unless a peer's `signature` is well formed, at most `limit` bytes, and without
/// collisions that only a forger can make (they would cost the delta quadratic time). Memory: 4 bytes per block.
void check_signature(ByteView signature, uint64_t limit);

/// The shape for a second round: over what is left of a content after the first, `total` bytes in `holes` places.
[[nodiscard]] SignatureShape refined_shape(uint64_t total, uint64_t holes);

/// The block length of a signature. REQUIRES: check_signature() took it.
[[nodiscard]] uint32_t block_bytes_of(ByteView signature);

/// What of `content` lies in what `signature` describes, in order, checking the signature first. A large content is
/// looked through in parts by up to four threads; no match reaches from one part into the next. Memory: 80 bytes per
/// block, so at most 80 MiB for all threads, 400 KiB for each of them, and 32 per part found. Throws ExitCode::protocol
/// when matching keeps the processor busy for more than half a second plus 1 s per MB in a thread, far below the usual 50 to 300
/// MB/s: then the signature was forged to that end. Short sums may match by chance: check the hash of what is made.
[[nodiscard]] std::vector<DeltaPart> find_delta(ByteView signature, const RandomAccess& content);

}  // namespace docker_sync
