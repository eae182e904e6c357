// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Where in a content a deflate stream may begin: behind every local header of a zip, and behind a gzip header at the
// content's start or right after another member. Rejected: the central directory. A scan needs no sizes (a deflate
// stream ends itself), so data descriptors, zip64, what stands before the archive and overlapping entries are no cases
// of their own, and it finds the members of archives that are stored within another (executable jars).
#pragma once

#include <cstdint>
#include <optional>

#include "base/io.h"

namespace docker_sync {

enum class PartKind : uint8_t { zip, gzip };

struct PartPlace {
  uint64_t offset;  ///< of the deflate stream, less than the content's size
  PartKind kind;
};

/// Whether a content that begins so is worth a search: a zip, a gzip file, or a script that may have a zip behind it.
/// Four bytes are enough; with fewer the answer is no.
[[nodiscard]] bool may_hold_parts(ByteView first_bytes);
/// Likewise, of those the ones that are one stream and not separate members.
[[nodiscard]] bool is_gzip(ByteView first_bytes);

/// Memory: 64 KiB.
class PartFinder {
 public:
  /// `content` must outlive it.
  explicit PartFinder(const RandomAccess& content);

  /// The first place whose header lies at or behind `from`. What is found may be anything but a deflate stream.
  [[nodiscard]] std::optional<PartPlace> next(uint64_t from);

  /// Tells that a gzip member's deflate stream ends at `end`: another member may follow its trailer.
  void gzip_ended(uint64_t end);

 private:
  [[nodiscard]] ByteView view(uint64_t offset, size_t wanted);
  [[nodiscard]] std::optional<uint64_t> gzip_data(uint64_t header);
  [[nodiscard]] std::optional<uint64_t> zip_data(uint64_t header);

  const RandomAccess* content_;
  uint64_t gzip_header_ = 0;  ///< where a gzip header may stand
  Bytes buffer_;
  uint64_t buffer_offset_ = 0;
};

}  // namespace docker_sync
