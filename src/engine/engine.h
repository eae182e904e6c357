// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// One container engine on the endpoint's own host: what it holds, its images out, its images in. Docker does this
// through its Engine API (docker.h), Podman through its program (podman.h). Everything that can be asked of an image
// goes by the engine's ID, never by a name that may move while we work.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/io.h"
#include "image/image_info.h"
#include "image/layer_reader.h"
#include "store/layer_store.h"

namespace docker_sync {

/// Which layers an archive for load() may leave out, and how its manifest then names them (docs/engines.md). What no
/// image of the engine has is never left out.
enum class PartialLoad : uint8_t {
  chain_prefix,  ///< those of a chain prefix that one of its images has; whatever is said of them
  known_blobs,   ///< those of its images, under the very descriptors that a save of these shows
  any_layer,     ///< those of any of its images, wherever they stand in it
};

/// Whether a manifest that leaves layers out has to tell how large they are.
[[nodiscard]] constexpr bool asks_sizes(PartialLoad partial) { return partial == PartialLoad::any_layer; }

class Engine {
 public:
  virtual ~Engine() = default;

  [[nodiscard]] virtual std::string description() const = 0;  ///< "Docker 20.10.24 (overlay2)", for messages
  [[nodiscard]] virtual PartialLoad partial_load() const = 0;

  /// All images that are named or dangling; not the intermediate ones of a build, nor those of the helper alone.
  /// One that vanishes while it is listed is left out.
  [[nodiscard]] virtual std::vector<ImageInfo> list() = 0;

  /// The image of that ID or name, or nothing.
  [[nodiscard]] virtual std::optional<ImageInfo> inspect(const std::string& id_or_name) = 0;

  /// The ID that an image gets by load() of an archive with this config and this OCI manifest.
  [[nodiscard]] virtual std::string id_of_loaded(const Digest& config, const Digest& manifest) const = 0;

  /// Whether the store has all of an image that inspect() finds: some take images in parts, and say nothing.
  [[nodiscard]] virtual bool is_whole(const std::string& id) = 0;

  /// The engine's save archive (a tar stream) of these images, by ID; at least one. Reading waits as long as the engine
  /// spools, minutes perhaps. The Source must not outlive the engine; letting go of it early ends the save. Whoever
  /// reads it checks that it is complete: an engine may leave layers out without a word. Throws ExitCode::image if an
  /// image does not exist, ExitCode::disk if the engine's disk is full, ExitCode::engine if the stream breaks off; most
  /// of that while reading, not before.
  [[nodiscard]] virtual std::unique_ptr<Source> save(const std::vector<std::string>& ids) = 0;

  /// Whether store() will give one, for images that are worth it: as far as is known without a start.
  [[nodiscard]] virtual bool reads_in_place() { return false; }

  /// Its store, where it can be read in place for these images; null otherwise. `automatic`: not if there were
  /// something to start first that takes longer than to save them. The same until end_started(), once it is.
  /// `store`: throws what is wrong with that start.
  [[nodiscard]] virtual LayerStore* store(std::span<const ImageInfo> /*to_read*/, LayerReader /*reader*/) {
    return nullptr;
  }

  /// Loads an archive while `archive` is being read; its read() may throw, which cuts the load short and is thrown on.
  /// By then the engine has dropped the load, or has been given ten seconds to. What the engine had taken for a whole
  /// archive before read() threw may be loaded all the same: metadata must come last.
  /// Returns the IDs that the engine says it loaded. The engine's word is not proof: the caller inspects. An ID may be
  /// that of an image that was there before.
  /// Throws ExitCode::engine with the engine's own words, ExitCode::disk if its disk is full.
  [[nodiscard]] virtual std::vector<std::string> load(Source& archive) = 0;

  /// Gives the image that name, taking it from whichever image has it. Throws ExitCode::image if it does not exist.
  virtual void tag(const std::string& id, const Reference& name) = 0;

  /// Removes an untagged image by ID, not by force and keeping its parents. One that is not there, has any name or is
  /// in use is left. Engines cannot look and remove in one step: a tag given in between is lost with the image.
  virtual void remove_untagged(const std::string& id) = 0;

  /// Ends what it has started on its host, while another thread may be reading: what was opened in its store cannot be
  /// read any more. `for_good`, for a process that exits without destroying it: else it is started again when needed.
  virtual void end_started(bool /*for_good*/) noexcept {}
};

}  // namespace docker_sync
