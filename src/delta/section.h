// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A run of a patch's bytes, entropy-coded by zstd in one piece, so that zstd works on the buffers of its callers and
// needs no window of its own. Frames go without what their place says already: magic, content size, checksum.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/io.h"

namespace docker_sync {

/// Appends `section` to `to`, as it is if packing does not make it smaller. Memory: the section once more, and
/// zstd's tables: up to 12 MiB.
void pack_section(ByteView section, int level, Bytes& to);

/// The same, zstd knowing `prefix`. Memory: the same.
void pack_section(ByteView section, ByteView prefix, int level, Bytes& to);

/// Reads from a peer's patch.
class PatchReader {
 public:
  explicit PatchReader(Source& source) : source_(&source), buffer_(size_t{64} << 10) {}

  [[nodiscard]] uint8_t byte();
  [[nodiscard]] uint64_t integer();
  [[nodiscard]] bool at_end();
  /// The section of `size` bytes, packed with `prefix` or without. Throws ExitCode::protocol if it is not that.
  /// Memory: no more than `size` beyond what was received. REQUIRES: the caller has bounded `size`.
  [[nodiscard]] Bytes section(size_t size, ByteView prefix = {});

 private:
  Bytes take(size_t count, size_t room_before);
  bool fill();

  Source* source_;
  Bytes buffer_;
  size_t at_ = 0, end_ = 0;
};

}  // namespace docker_sync
