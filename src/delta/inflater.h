// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// One deflate stream out of the middle of a content. It ends itself, so nobody has to say how long it is.
#pragma once

#include <cstdint>
#include <memory>

#include "base/io.h"

struct z_stream_s;

namespace docker_sync {

struct InflateResult {
  enum class End : uint8_t { whole, damaged, too_large };
  End end;
  uint64_t deflated_size = 0;  ///< if whole
  uint64_t inflated_size = 0;  ///< written, whole or not
};

/// Memory: 32 KiB of zlib's window and 48 KiB of buffers.
class Inflater {
 public:
  Inflater();

  /// Writes what the deflate stream at `offset` holds; stops where it ends, where it is none, and before more than
  /// `limit` bytes were written. Any bytes may stand there. REQUIRES: offset < content.size().
  [[nodiscard]] InflateResult inflate(const RandomAccess& content, uint64_t offset, uint64_t limit, Sink& to);

 private:
  std::unique_ptr<z_stream_s, void (*)(z_stream_s*)> stream_;
  Bytes in_, out_;
};

}  // namespace docker_sync
