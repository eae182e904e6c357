// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/codec.h"

#include "delta/rsync.h"

namespace docker_sync {

namespace {

// zstd leaves about a third of a typical file. A signature that is a tenth of it leaves too little to win, and a basis
// so much larger seldom shares much.
constexpr uint64_t kSignatureShare = 10;

}  // namespace

Codec choose_codec(uint64_t size, const std::optional<BasisFile>& similar) {
  if (!similar || similar->size == 0 || size < kSmallestDeltaBytes) return Codec::data;
  const SignatureShape shape = signature_shape(similar->size, size);
  if (signature_blocks(similar->size, shape) > kMostBlocks) return Codec::data;
  return signature_size(similar->size, shape) <= size / kSignatureShare ? Codec::rsync : Codec::data;
}

}  // namespace docker_sync
