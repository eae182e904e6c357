// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The codec for a content whose old version both ends have: what to write to make the new one of the old one. Per
// window of 8 MiB the smallest of three: like runs with their differences (bsdiff's idea, for programs), zstd with
// the old content as prefix (for text), zstd alone. docs/patch-format.md has the bytes. Rejected: bsdiff itself (its
// suffix array takes 17 bytes of memory per byte and a minute for 50 MB); VCDIFF (no differences, only copies).
#pragma once

#include <cstdint>

#include "base/io.h"

namespace docker_sync {

enum class PatchEffort : uint8_t {
  fast,    ///< like runs only
  strong,  ///< all three ways, the smallest is taken
};

/// Writes the patch that makes `new_file` of `old_file`. `level` is zstd's, 1 to 19. Memory: for large contents up to
/// 40 MiB, and 50 if the strong effort meets one that does not pack; else in proportion to both. Any number of threads
/// may run it side by side.
void make_patch(const RandomAccess& old_file, const RandomAccess& new_file, int level, PatchEffort effort, Sink& patch);

/// Writes the content of `new_size` bytes that a peer's `patch`, up to its end, makes of `old_file`. Throws
/// ExitCode::protocol where the patch is damaged, points outside the old file, or makes more or less; up to `new_size`
/// bytes may have been written by then. The bytes are whatever the peer says: check their hash. Memory: three times
/// the window of at most 8 MiB, or, for one with a prefix, twice the window and 16 MiB.
void apply_patch(const RandomAccess& old_file, Source& patch, Sink& new_file, uint64_t new_size);

}  // namespace docker_sync
