// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/signature.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/leb128.h"
#include "delta/block_sum.h"
#include "delta/in_parts.h"

namespace docker_sync {

namespace {

constexpr size_t kWeakBytes = 4;
constexpr uint32_t kSmallestBlock = 64;
/// One content in 2^12 is sent again for a false match, at the worst; for one large one in 2^17 the sync begins again.
constexpr int kSafetyBits = 12, kSafetyBitsOfLarge = 17;
constexpr size_t kReadBytes = 128 << 10;

uint64_t leb128_size(uint64_t value) {
  uint64_t bytes = 0;
  put_leb128(value, [&](uint8_t) { ++bytes; });
  return bytes;
}

uint64_t header_size(uint64_t basis_size, SignatureShape shape) {
  return leb128_size(shape.block_bytes) + 1 + leb128_size(basis_size);
}

/// Puts the sums of bytes [begin, end) of the basis, which are whole blocks or reach to its end.
void put_sums(const RandomAccess& basis, uint64_t begin, uint64_t end, SignatureShape shape, MutableBytes sums) {
  BlockSum weak(shape.block_bytes);
  const uint64_t most = std::max<uint64_t>(kReadBytes / shape.block_bytes, 1) * shape.block_bytes;
  Bytes read(std::min(most, end - begin));
  for (size_t put = 0; begin < end;) {
    const MutableBytes some = MutableBytes(read).first(std::min<uint64_t>(read.size(), end - begin));
    basis.read_at(begin, some);
    begin += some.size();
    for (ByteView left = some; !left.empty();) {
      const ByteView block = left.first(std::min<size_t>(left.size(), shape.block_bytes));
      left = left.subspan(block.size());
      weak.set(block);
      for (size_t i = 0; i < kWeakBytes; ++i) sums[put++] = static_cast<uint8_t>(weak.value() >> 8 * i);
      const ContentHash strong = content_hash(block);
      std::memcpy(&sums[put], strong.bytes.data(), shape.strong_bytes);
      put += shape.strong_bytes;
    }
  }
}

}  // namespace

SignatureShape signature_shape(uint64_t basis_size, uint64_t new_size) {
  SignatureShape shape{256, 2};
  if (basis_size > 64 << 10) {
    const auto root = static_cast<uint64_t>(std::sqrt(static_cast<double>(basis_size)));
    shape.block_bytes = static_cast<uint32_t>(std::min<uint64_t>(root & ~uint64_t{127}, kLargestShape.block_bytes));
  }
  const uint64_t blocks = signature_blocks(basis_size, shape);
  // log2 of the comparisons, rounded up; the weak sum is worth 32 bits of each.
  const int safety = new_size < kLargeDelta ? kSafetyBits : kSafetyBitsOfLarge;
  const int bits = std::bit_width(new_size) + std::bit_width(blocks) + safety - 32;
  shape.strong_bytes = static_cast<uint32_t>(std::clamp((bits + 7) / 8, 2, 16));
  return shape;
}

SignatureShape refined_shape(uint64_t total, uint64_t holes) {
  // A block costs some 6 bytes of sums, and each edit about a block, of which zstd leaves a third: the sum is least at
  // the root of 18 times the bytes per edit.
  const auto best = static_cast<uint64_t>(std::sqrt(18.0 * static_cast<double>(total / std::max<uint64_t>(holes, 1))));
  SignatureShape shape = signature_shape(total, total);
  const auto bounded = static_cast<uint32_t>(std::clamp<uint64_t>(best & ~uint64_t{63}, 128, 2048));
  // What one content may have in blocks at most holds here, too.
  shape.block_bytes = std::max<uint32_t>(bounded, static_cast<uint32_t>(std::min<uint64_t>(
                                                      total / kMostBlocks + 1, kLargestShape.block_bytes)));
  shape.strong_bytes = std::max<uint32_t>(shape.strong_bytes, 3);  // more blocks to mistake
  return shape;
}

uint64_t signature_blocks(uint64_t basis_size, SignatureShape shape) {
  return basis_size / shape.block_bytes + (basis_size % shape.block_bytes != 0);
}

uint64_t signature_size(uint64_t basis_size, SignatureShape shape) {
  return header_size(basis_size, shape) + signature_blocks(basis_size, shape) * (kWeakBytes + shape.strong_bytes);
}

bool signature_pays(uint64_t basis_size, uint64_t new_size) {
  // zstd leaves about a third of a typical file. A signature that is a tenth of it leaves too little to win, and a
  // basis so much larger seldom shares much.
  static constexpr uint64_t kShare = 10;
  if (basis_size == 0 || new_size < kSmallestDeltaBytes) return false;
  const SignatureShape shape = signature_shape(basis_size, new_size);
  return signature_blocks(basis_size, shape) <= kMostBlocks && signature_size(basis_size, shape) <= new_size / kShare;
}

Bytes make_signature(const RandomAccess& basis, SignatureShape shape) {
  assert(shape.block_bytes >= kSmallestBlock && shape.block_bytes <= kLargestShape.block_bytes);
  assert(shape.strong_bytes >= 1 && shape.strong_bytes <= kLargestShape.strong_bytes);
  assert(signature_blocks(basis.size(), shape) <= kMostBlocks);
  Bytes signature;
  signature.reserve(signature_size(basis.size(), shape));
  const auto put = [&](uint8_t byte) { signature.push_back(byte); };
  put_leb128(shape.block_bytes, put);
  put(static_cast<uint8_t>(shape.strong_bytes));
  put_leb128(basis.size(), put);
  const size_t header = signature.size(), entry_bytes = kWeakBytes + shape.strong_bytes;
  signature.resize(signature_size(basis.size(), shape));
  in_parts(basis.size(), shape.block_bytes, [&](size_t, uint64_t begin, uint64_t end) {
    put_sums(basis, begin, end, shape,
             MutableBytes(signature).subspan(header + begin / shape.block_bytes * entry_bytes));
  });
  return signature;
}

Signature::Signature(ByteView bytes) {
  const auto next = [&] {
    if (bytes.empty()) throw_protocol("a signature was cut short");
    const uint8_t byte = bytes.front();
    bytes = bytes.subspan(1);
    return byte;
  };
  const uint64_t block_bytes = get_leb128(next);
  const uint8_t strong_bytes = next();
  basis_size_ = get_leb128(next);
  if (block_bytes < kSmallestBlock || block_bytes > kLargestShape.block_bytes || strong_bytes < 1 ||
      strong_bytes > kLargestShape.strong_bytes) {
    throw_protocol(fmt::format("a signature has blocks of {} and sums of {} bytes", block_bytes, strong_bytes));
  }
  shape_ = {static_cast<uint32_t>(block_bytes), strong_bytes};
  if (signature_blocks(basis_size_, shape_) > kMostBlocks) throw_protocol("a signature has too many blocks");
  if (bytes.size() != signature_blocks(basis_size_, shape_) * (kWeakBytes + strong_bytes)) {
    throw_protocol("a signature is not as long as its basis");
  }
  sums_ = bytes;
}

uint32_t Signature::weak(uint32_t block) const {
  uint32_t sum;
  std::memcpy(&sum, &sums_[block * (kWeakBytes + shape_.strong_bytes)], sizeof sum);
  return sum;
}

ByteView Signature::strong(uint32_t block) const {
  return sums_.subspan(block * (kWeakBytes + shape_.strong_bytes) + kWeakBytes, shape_.strong_bytes);
}

}  // namespace docker_sync
