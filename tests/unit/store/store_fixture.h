// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Layers taken apart as engines keep them.
#pragma once

#include <string>
#include <vector>

#include "base/io.h"

namespace docker_sync {

/// A folder that goes with it.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  /// Makes the folders on the way to it, too.
  void write(const std::string& path, ByteView bytes) const;

 private:
  std::string path_;
};

struct SplitFile {
  std::string path;
  Bytes content;
  bool named_raw = false;  ///< its name is no UTF-8
};

/// The tar of these files, and its tar-split.
struct SplitLayer {
  explicit SplitLayer(const std::vector<SplitFile>& files);
  Bytes tar;
  std::string split;
};

/// One member. At level 0 nothing is packed; a block ends after every `block_bytes`, if that is given.
[[nodiscard]] Bytes gzipped(ByteView bytes, int level = 6, size_t block_bytes = 0);

/// All of it.
[[nodiscard]] Bytes contents_of(const RandomAccess& file);

}  // namespace docker_sync
