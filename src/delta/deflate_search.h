// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Finds by trying how a part was deflated. An archive is mostly of one making, so what worked for its last part is
// tried first, and what did not work a few times is no longer tried. A try ends at the first byte that differs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/io.h"
#include "delta/deflater.h"
#include "delta/part_finder.h"

namespace docker_sync {

/// How surely a part must deflate to the same bytes.
enum class DeflateCheck : uint8_t {
  every_part,
  /// Once many parts in a row were deflated alike, others are believed to be, too, and only now and then one is tried,
  /// of a large one the beginning. That takes a fraction of the time, and is right but for archives of mixed making:
  /// for who can ask again for a content that has another hash.
  samples,
};

/// For the parts of one content. Memory: 360 KiB for each method tried, and 64 KiB.
class DeflateSearch {
 public:
  /// `content` must outlive it.
  explicit DeflateSearch(const RandomAccess& content, DeflateCheck check = DeflateCheck::every_part)
      : content_(&content), check_(check) {}

  /// The method by which `inflated` deflates to the `deflated_size` bytes at `place`, if there is one.
  [[nodiscard]] std::optional<DeflateMethod> find(const PartPlace& place, uint64_t deflated_size,
                                                  const RandomAccess& inflated);

  /// Whether it was given up before anything worked: nothing will be found any more.
  [[nodiscard]] bool hopeless() const;

 private:
  /// The last method that worked, if it may be believed to be this part's.
  [[nodiscard]] std::optional<DeflateMethod> believed(uint64_t offset, uint64_t deflated_size,
                                                      const RandomAccess& inflated);
  /// Whether it makes the first `most` bytes of the part, at least, or all of it.
  [[nodiscard]] bool makes(DeflateMethod method, uint64_t offset, uint64_t deflated_size, const RandomAccess& inflated,
                           uint64_t most = UINT64_MAX);

  const RandomAccess* content_;
  DeflateCheck check_;
  Deflaters deflaters_;
  std::vector<DeflateMethod> worked_;  ///< the last one first
  int failures_ = 0;
  int in_a_row_ = 0;  ///< parts of worked_.front()
  Bytes chunk_;
};

}  // namespace docker_sync
