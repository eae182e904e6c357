// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The rsync algorithm for one content whose old version only the destination has: it sends a signature of the old one,
// the source finds what of it is in the new one (delta_search.h).
//
//   signature  u block bytes, u8 bytes of a strong sum, u size of the basis; then per block the rolling sum
//              (block_sum.h, 4 bytes, little-endian) and as much of XXH3-128 as the strong sum has bytes. The last
//              block is as long as what is left.
//
// Sums are as short as mistakes allow, some six bytes in all, so whoever wants two blocks of one sum finds them: no
// hash would help, and a fast one costs little. The hash of the whole content is what is believed.
// Rejected: librsync, whose sums of BLAKE2 and search take three to four times as long; fixed or content-defined chunks
// (casync), which send 1.4 times as much on upgraded packages.
#pragma once

#include <cstdint>

#include "base/io.h"

namespace docker_sync {

/// How finely a signature describes a basis file: per block 4 bytes of rolling sum and `strong_bytes` of strong sum.
struct SignatureShape {
  uint32_t block_bytes, strong_bytes;
  bool operator==(const SignatureShape&) const = default;
};

/// Blocks and sums are no larger than this in any signature that we make or accept.
inline constexpr SignatureShape kLargestShape{64 << 10, 16};

/// No signature has more blocks, so that a delta's memory is bounded; it is enough for a basis of 64 GiB.
inline constexpr uint64_t kMostBlocks = 1 << 20;

/// A content of at least so many bytes is left where its basis is, and not read before its layer is put together, whose
/// hash then stands for its own.
inline constexpr uint64_t kLargeDelta = 4 << 20;

/// The shape that makes signature and delta together small. Blocks grow with the root of the basis; strong sums are as
/// short as a false match in one content of 4096 allows, since every content is checked by its hash afterwards.
/// Shorter would cost more in contents sent twice than it saves. A large one may be mistaken once in 2^17 times: then
/// the whole sync begins again.
[[nodiscard]] SignatureShape signature_shape(uint64_t basis_size, uint64_t new_size);

/// The shape for a second round: over what is left of a content after the first, `total` bytes in `holes` places.
[[nodiscard]] SignatureShape refined_shape(uint64_t total, uint64_t holes);

/// How many blocks a signature has, and its exact length, for deciding whether it is worth sending.
[[nodiscard]] uint64_t signature_blocks(uint64_t basis_size, SignatureShape shape);
[[nodiscard]] uint64_t signature_size(uint64_t basis_size, SignatureShape shape);

/// The smallest content for which a signature may pay. On 1,889 changed files of upgraded Debian packages the sum of
/// signatures and solid stream is least at 2 KiB, and flat: 0.1 % more at none and at 3 KiB.
inline constexpr uint64_t kSmallestDeltaBytes = 2 << 10;

/// Whether a signature of `basis_size` bytes for a content of `new_size` is small enough beside what it may save.
[[nodiscard]] bool signature_pays(uint64_t basis_size, uint64_t new_size);

/// Reads the basis once, a large one in up to four threads. Memory: the signature, and 128 KiB for each of them.
/// REQUIRES: at most kMostBlocks blocks.
[[nodiscard]] Bytes make_signature(const RandomAccess& basis, SignatureShape shape);

/// A peer's.
class Signature {
 public:
  /// `bytes` must outlive it. Throws ExitCode::protocol unless they are one that make_signature() could have made.
  explicit Signature(ByteView bytes);

  [[nodiscard]] uint32_t block_bytes() const { return shape_.block_bytes; }
  [[nodiscard]] uint64_t basis_size() const { return basis_size_; }
  /// Of full blocks; one more has sums if the basis does not end with one of them.
  [[nodiscard]] uint32_t full_blocks() const { return static_cast<uint32_t>(basis_size_ / shape_.block_bytes); }
  /// REQUIRES: there is such a block.
  [[nodiscard]] uint32_t weak(uint32_t block) const;
  [[nodiscard]] ByteView strong(uint32_t block) const;

 private:
  SignatureShape shape_{};
  uint64_t basis_size_ = 0;
  ByteView sums_;
};

}  // namespace docker_sync
