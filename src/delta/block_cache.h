// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A file read in small runs that are mostly near each other: 64 blocks of it are kept, so that a patch of a hundred
// thousand short runs is not a hundred thousand system calls. Memory: 1 MiB.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "base/io.h"

namespace docker_sync {

class BlockCache {
 public:
  explicit BlockCache(const RandomAccess& file) : file_(&file) { numbers_.fill(UINT64_MAX); }

  /// REQUIRES: offset + out.size() <= the file's size.
  void read_at(uint64_t offset, MutableBytes out) {
    if (out.size() >= kBlockBytes) return file_->read_at(offset, out);
    while (!out.empty()) {
      const uint64_t number = offset / kBlockBytes;
      const ByteView rest = block(number).subspan(static_cast<size_t>(offset % kBlockBytes));
      const size_t count = std::min(out.size(), rest.size());
      std::memcpy(out.data(), rest.data(), count);
      out = out.subspan(count);
      offset += count;
    }
  }

 private:
  static constexpr size_t kBlockBytes = size_t{16} << 10, kBlocks = 64;

  ByteView block(uint64_t number) {
    const size_t place = static_cast<size_t>(number % kBlocks);
    const uint64_t start = number * kBlockBytes;
    const auto size = static_cast<size_t>(std::min<uint64_t>(kBlockBytes, file_->size() - start));
    if (bytes_.empty()) bytes_.resize(kBlocks * kBlockBytes);
    const MutableBytes kept = MutableBytes(bytes_).subspan(place * kBlockBytes, size);
    if (numbers_[place] != number) {
      numbers_[place] = UINT64_MAX;
      file_->read_at(start, kept);
      numbers_[place] = number;
    }
    return kept;
  }

  const RandomAccess* file_;
  std::array<uint64_t, kBlocks> numbers_;
  Bytes bytes_;
};

}  // namespace docker_sync
