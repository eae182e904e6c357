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

/// For the parts of one content. Memory: 360 KiB for each method tried, and 64 KiB.
class DeflateSearch {
 public:
  /// `content` must outlive it.
  explicit DeflateSearch(const RandomAccess& content) : content_(&content) {}

  /// The method by which `inflated` deflates to the `deflated_size` bytes at `place`, if there is one.
  [[nodiscard]] std::optional<DeflateMethod> find(const PartPlace& place, uint64_t deflated_size,
                                                  const RandomAccess& inflated);

  /// Whether it was given up before anything worked: nothing will be found any more.
  [[nodiscard]] bool hopeless() const;

 private:
  [[nodiscard]] bool makes(DeflateMethod method, uint64_t offset, uint64_t deflated_size, const RandomAccess& inflated);

  const RandomAccess* content_;
  Deflaters deflaters_;
  std::vector<DeflateMethod> worked_;  ///< the last one first
  int failures_ = 0;
  Bytes chunk_;
};

}  // namespace docker_sync
