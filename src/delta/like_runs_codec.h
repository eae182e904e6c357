// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A window as like runs: four sections, kept apart because zstd codes each much better alone. control: where the runs
// lie; gaps: how many bytes are the same before each that differs; differences: by what it differs; extra: what no run
// covers. Rejected: bsdiff's dense differences, mostly zeros, which cost zstd 10 to 25 % more bytes and thrice the
// time.
#pragma once

#include "base/bytes.h"
#include "base/io.h"
#include "delta/like_runs.h"
#include "delta/section.h"

namespace docker_sync {

/// A window whose `runs` are like `region`, which is old bytes. `head` are its first bytes, up to the runs; the first
/// of them, the kind, is filled in. Memory: the window once more, and what packing takes.
[[nodiscard]] Bytes pack_runs(ByteView region, ByteView window, const std::vector<LikeRun>& runs, const Bytes& head,
                              int level);

/// Reads what follows the head, and writes the `size` bytes of the window that it makes of `region`. Throws
/// ExitCode::protocol. Memory: twice the window.
void make_of_runs(const RandomAccess& region, bool in_one_section, size_t size, PatchReader& patch, Sink& window);

}  // namespace docker_sync
