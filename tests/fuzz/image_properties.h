// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What must hold for any bytes at all, in the form both the fuzzers and the unit tests use: a broken promise throws
// std::logic_error, which no code under test does.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "image/layer_split.h"
#include "image/skeleton.h"

namespace docker_sync::fuzz {

inline void require(bool holds, const char* promise) {
  if (!holds) throw std::logic_error(promise);
}

inline void check_round_trip(const std::vector<SkeletonEntry>& entries) {
  size_t limit = 0;
  for (const SkeletonEntry& entry : entries) limit += sizeof entry + entry.gap.size();
  require(decode_skeleton(encode_skeleton(entries), limit) == entries, "decoding undoes encoding");
}

/// The pieces of any layer are that layer, and their skeleton survives the codec.
inline void check_layer_split(ByteView layer) {
  uint64_t end = 0;
  std::vector<SkeletonEntry> entries;
  split_layer(MemoryFile(layer), [&](Piece&& piece) {
    require(piece.content_offset == end + piece.gap.size(), "a piece begins where the one before ended");
    require(piece.content_offset <= layer.size() && piece.content_size <= layer.size() - piece.content_offset,
            "a content lies in the layer");
    require(std::equal(piece.gap.begin(), piece.gap.end(), layer.begin() + static_cast<std::ptrdiff_t>(end)),
            "a gap is the layer's own bytes");
    require(piece.gap.size() <= 2 * kMaxGap, "a gap is bounded");
    require(!piece.gap.empty() || piece.content_size > 0, "a piece has something in it");
    end = piece.content_offset + piece.content_size;
    entries.push_back({std::move(piece.gap), piece.content_size});
  });
  require(end == layer.size(), "the last piece ends the layer");
  check_round_trip(entries);
}

/// A block of any bytes is refused as a protocol error or decoded within the limit.
inline void check_skeleton_block(ByteView block) {
  constexpr size_t kLimit = 1 << 20;
  std::vector<SkeletonEntry> entries;
  try {
    entries = decode_skeleton(block, kLimit);
  } catch (const Error& error) {
    require(error.code() == ExitCode::protocol, "a damaged block is the peer's fault");
    return;
  }
  size_t size = 0;
  for (const SkeletonEntry& entry : entries) size += sizeof entry + entry.gap.size();
  require(size <= kLimit, "no more than the limit is decoded");
  check_round_trip(entries);
}

/// Bytes cut into gaps anywhere: the first byte of each says how long it is and what content follows.
inline void check_skeleton_gaps(ByteView bytes) {
  std::vector<SkeletonEntry> entries;
  while (!bytes.empty()) {
    const uint8_t shape = bytes.front();
    bytes = bytes.subspan(1);
    const ByteView gap = bytes.first(std::min<size_t>(bytes.size(), (shape & 15U) * 128));
    bytes = bytes.subspan(gap.size());
    entries.push_back({{gap.begin(), gap.end()}, uint64_t{shape} >> 4});
    (void)content_path(gap);
  }
  check_round_trip(entries);
}

}  // namespace docker_sync::fuzz
