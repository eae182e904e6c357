// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A run of a patch's bytes, entropy-coded by zstd in one piece, so that zstd works on the buffers of its callers and
// needs no window of its own. Frames go without what their place says already: magic, content size, checksum.
#pragma once

#include <cstdint>

#include "base/byte_reader.h"

namespace docker_sync {

/// Appends `section` to `to`, as it is if packing does not make it smaller. Memory: the section once more, and
/// zstd's tables: up to 12 MiB.
void pack_section(ByteView section, int level, Bytes& to);

/// The same, zstd knowing `prefix`. Memory: the same.
void pack_section(ByteView section, ByteView prefix, int level, Bytes& to);

/// Reads from a peer's patch.
class PatchReader : public ByteReader {
 public:
  explicit PatchReader(Source& source) : ByteReader(source, "a patch") {}

  /// The section of `size` bytes, packed with `prefix` or without. Throws ExitCode::protocol if it is not that.
  /// Memory: no more than `size` beyond what was received. REQUIRES: the caller has bounded `size`.
  [[nodiscard]] Bytes section(size_t size, ByteView prefix = {});

 private:
  [[nodiscard]] Bytes take_all(size_t count, size_t room_before);
};

}  // namespace docker_sync
