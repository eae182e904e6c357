// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The codec of skeletons: everything of a layer tar but its contents, in blocks of some thousand entries. Columns, not
// rows: rows leave zstd with twice the bytes, and one changed mtime in each header spoils them for any delta. Headers
// that TarHeader rebuilds to the byte go as fields, padding and end marks as nothing, all else verbatim. A block stands
// alone, so that it can be read or sent again without those before it; the caller compresses it. skeleton_format.h has
// the layout.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace docker_sync {

/// Some bytes of a layer, and then a content of that many.
struct SkeletonEntry {
  Bytes gap;
  uint64_t content_size = 0;

  bool operator==(const SkeletonEntry&) const = default;
};

/// Any entries at all come back from decode_skeleton() as they were. Memory: at most about that of the gaps.
[[nodiscard]] Bytes encode_skeleton(std::span<const SkeletonEntry> entries);

/// Throws ExitCode::protocol on a block that is damaged, or whose entries (their gaps, and sizeof(SkeletonEntry) each)
/// grow beyond `limit_bytes`; no more than that is allocated.
[[nodiscard]] std::vector<SkeletonEntry> decode_skeleton(ByteView block, size_t limit_bytes);

/// The path of the file whose header ends this gap, without a leading "./" or "/": from pax records, a GNU long name,
/// or the header itself. Empty if no file's header does. Both sides read it off the gap, so it need not travel. Only
/// ever a hint (which file to compare with): never open it.
[[nodiscard]] std::string content_path(ByteView gap);

}  // namespace docker_sync
