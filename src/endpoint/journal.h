// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Remembers on disk which image is being loaded and not yet named, so that one that a kill -9 leaves behind, complete
// but untagged, is found by the next run: it is then named (if it is the one wanted) or removed. One file per image,
// locked while its process lives. Without a writable cache folder there is no journal, and nothing else changes.
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "engine/engine.h"

namespace docker_sync {

class Journal {
 public:
  /// `folder` is made when it is first needed; empty: no journal.
  explicit Journal(std::string folder) : folder_(std::move(folder)) {}

  /// The mark of one image while it exists.
  class Entry {
   public:
    Entry() = default;
    Entry(std::string path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
    /// The image has its name, or is gone.
    void forget() noexcept;

   private:
    std::string path_;
    Fd lock_;
  };
  [[nodiscard]] Entry begin(const Digest& image);

  /// Removes the images that dead processes left untagged, all but `keep`, and their marks.
  void sweep(Engine& engine, const std::optional<Digest>& keep);

 private:
  std::string folder_;
};

}  // namespace docker_sync
