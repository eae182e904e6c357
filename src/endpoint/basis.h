// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What the destination reads of its own images for one sync: layers in spools, their contents in an index, and whole
// layers that the new image has in another chain. Filled by one thread; others wait for what they need of it.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/spool.h"
#include "delta/basis_index.h"
#include "engine/engine.h"

namespace docker_sync {

class Basis {
 public:
  /// Reads the layers of `images` (engine IDs, the most alike first). A basis image that cannot be read is no failure:
  /// it is left out with a warning, unless one of `local` layers is nowhere else. `on_local` is called as soon as such
  /// a layer is there; the spool is the basis' own. Scratch: all layers of the images.
  void read(Engine& engine, const std::vector<std::string>& images, const SpoolFolder& folder,
            const std::set<Digest>& local, const std::function<void(const Digest&, const Spool&)>& on_local,
            const std::function<void(uint64_t done, uint64_t total)>& on_progress);

  /// No thread will wait any longer: each gets `error`.
  void close(const Error& error);

  /// Waits until read() is done.
  [[nodiscard]] const BasisIndex& index();

  /// The layer that BasisFile::layer counts. REQUIRES: index() has returned.
  [[nodiscard]] const RandomAccess& layer(uint32_t number) const { return *layers_.at(number); }

 private:
  void add_contents(uint32_t number, const Spool& tar);

  BasisIndex index_;
  std::vector<std::unique_ptr<Spool>> layers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_ = false;
  std::optional<Error> error_;
};

}  // namespace docker_sync
