// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The destination's half of one sync: rebuilds the layers that travel, loads them untagged in one archive whose
// metadata comes last, verifies what the engine made of it, and names it only when told to. Until then everything it
// did can be undone, and is, whatever happens.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "base/spool.h"
#include "endpoint/assembly.h"
#include "endpoint/basis.h"
#include "endpoint/journal.h"
#include "endpoint/known_configs.h"
#include "endpoint/layer_cache.h"
#include "endpoint/progress_reporter.h"
#include "engine/engine.h"
#include "engine/layer_reading.h"
#include "wire/connection.h"

namespace docker_sync {

class Destination {
 public:
  /// All referred to must outlive this.
  Destination(Connection& connection, Engine& engine, const SpoolSpace& space, ProgressReporter& progress,
              const LayerCache& cache, const KnownConfigs& known_configs, Journal journal)
      : connection_(connection),
        engine_(engine),
        space_(space),
        progress_(progress),
        cache_(cache),
        known_configs_(known_configs),
        journal_(std::move(journal)) {}
  /// Rolls back.
  ~Destination() { roll_back(); }
  Destination(const Destination&) = delete;
  Destination& operator=(const Destination&) = delete;

  /// Returns when the image is loaded and is what was asked for. On failure the engine is as it was before.
  /// Scratch: the basis, unless it is read in place; contents until they are built in, their skeletons and other forms.
  /// Memory: two stream windows, the zstd windows, the signatures of a block, 64 bytes per basis file and about 200 per
  /// file of the layers that travel.
  [[nodiscard]] Ready receive(const Receive& request);

  /// Names an image: the one that receive() loaded, or one that was there. Rolls back before it throws.
  void commit(const Commit& request);

  /// Removes what receive() loaded and commit() did not name, unless it was there before.
  void roll_back() noexcept;

 private:
  void open_basis(const Receive& request, Basis& basis, Assembly& assembly);
  /// Finds out under which blobs the engine has the layers that are to be left out.
  void find_blobs(const Receive& request, Assembly& assembly);
  static void take_blobs(const StoredImage& image, Assembly& assembly);
  [[nodiscard]] std::string load(const Receive& request, Assembly& assembly);
  /// Throws ExitCode::verification unless the engine has all of the image: its word at the load is not proof.
  void verify(const Receive& request, const std::string& id, const Digest& config);
  /// Those of the layers that images of the engine hold.
  [[nodiscard]] std::map<Digest, std::unique_ptr<RandomAccess>> read_all(std::set<Digest> layers, LayerReader reader);

  Connection& connection_;
  Engine& engine_;
  const SpoolSpace& space_;
  ProgressReporter& progress_;
  const LayerCache& cache_;
  const KnownConfigs& known_configs_;
  Journal journal_;
  Journal::Entry journal_entry_;
  std::string unnamed_;  ///< ID of an image that was not there before and has no name yet
};

}  // namespace docker_sync
