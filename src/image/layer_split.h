// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Cuts a layer tar into skeleton and contents. libarchive says where each entry's headers begin and where its stored
// bytes do; what lies between is copied, so that the pieces put together are the layer to the byte, whatever wrote it
// and however damaged it is. Making headers again from parsed ones was rejected: no two writers agree.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/io.h"

namespace docker_sync {

/// A gap of that many bytes is cut between two entries; none is above 2 * kMaxGap.
inline constexpr size_t kMaxGap = 1 << 20;

struct Piece {
  Bytes gap;                    ///< all bytes since the content before: padding, headers, entries without content
  uint64_t content_offset = 0;  ///< in the layer: where the gap ends
  uint64_t content_size = 0;    ///< stored bytes; 0 for a long gap's part, and for the trailer
  std::string path;             ///< content_path(gap); empty if it is no file's
};

/// Calls `each` for every piece, in order: each begins where the one before ended, and the last ends the layer. From
/// where the layer is no tar, the rest is one content; so is what follows its end mark, if that is more than kMaxGap
/// bytes.
/// Contents are not read. Memory: a gap. Throws only what `layer` and `each` throw.
void split_layer(const RandomAccess& layer, const std::function<void(Piece&&)>& each);

}  // namespace docker_sync
