// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// One engine of this host as the source of several endpoints that send the same images at about the same time: an image
// is saved once, into a spool that all of them read. What an engine takes longest for, and what wears its disk, is done
// once; each endpoint still splits and packs for its own destination, since what that has decides what is sent.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace docker_sync {

class SharedReading;

/// Must be kept by shared_ptr. Any thread. Scratch: two save archives, those last begun.
class SharedEngine : public std::enable_shared_from_this<SharedEngine> {
 public:
  /// Each reading is expected `readers` times. `tmpfolder`: as SpoolSpace has it.
  SharedEngine(std::function<std::unique_ptr<Engine>()> open, std::string tmpfolder, size_t readers)
      : open_(std::move(open)), tmpfolder_(std::move(tmpfolder)), readers_(readers) {}

  /// The engine for one of them. Throws what `open` throws.
  [[nodiscard]] std::unique_ptr<Engine> engine();

  /// The engine's save archive, from the start. A reading that failed is begun anew; one that all have begun, or that
  /// is not among the last two, is forgotten when those who have it are done. Reading throws what the engine throws.
  [[nodiscard]] std::unique_ptr<Source> save(const std::vector<std::string>& ids);

 private:
  struct Entry {
    std::vector<std::string> ids;
    std::shared_ptr<SharedReading> reading;
    size_t begun = 0;
  };

  [[nodiscard]] std::shared_ptr<Engine> opened();

  const std::function<std::unique_ptr<Engine>()> open_;
  const std::string tmpfolder_;
  const size_t readers_;
  std::mutex mutex_;                ///< guards all below
  std::shared_ptr<Engine> engine_;  ///< once it is open
  std::list<Entry> entries_;        ///< oldest first
};

}  // namespace docker_sync
