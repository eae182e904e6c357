// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// How endpoints read the layers of an engine's images: where they lie in its store if that can be, and what is missing
// then out of its save archive.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/spool.h"
#include "engine/engine.h"
#include "image/layer_reader.h"
#include "store/layer_store.h"

namespace docker_sync {

struct WantedLayers {
  std::set<Digest> layers;       ///< by diff_id
  std::optional<Digest> config;  ///< wanted image config
  /// Where the config's digest is not known: the config of the image that has these layers.
  std::optional<std::vector<Digest>> config_of;
  /// Called as soon as a layer can be read, in any order. Always the tar, uncompressed, at any offset and by any
  /// thread; not longer than the engine. Once for each, and again where it throws ExitCode::verification for one in a
  /// store.
  std::function<void(const Digest& diff_id, std::unique_ptr<RandomAccess> tar)> on_layer;
  /// Not empty: the layers of the one image that is read, base first. Then on_coming, in place of on_layer, gets what a
  /// save archive has while it still comes: other threads may read it, and wait for what they read.
  std::vector<Digest> while_they_come;
  std::function<void(const Digest& diff_id, std::unique_ptr<RandomAccess> tar)> on_coming;
  /// That is read once, from its begin to its end, and by one thread: the archive waits for it. Scratch: none.
  bool coming_pass = false;
  std::function<void(Bytes config)> on_config;
  std::set<Digest> sizes;  ///< other layers, of which only the sizes of their tars are wanted, where they can be told
  std::function<void(const Digest&, uint64_t size)> on_size;
  /// Each image that was read whole or in its store; those first that the engine would run. Never with blobs in a
  /// classic store. Optional: nothing is read for it alone.
  std::function<void(const StoredImage&)> on_image;
  /// Bytes of the save archive read so far; now and then while it waits, too. May throw. Optional.
  std::function<void(uint64_t)> on_progress;
};

/// Reads what is wanted of these images. Scratch: none in a store; else the wanted layers, and the largest other one.
/// Memory: as SplitTar and GzipFile, or 16 MiB of metadata. Throws ExitCode::image when something wanted does not come:
/// then the image was removed, or its store is damaged; ExitCode::engine where LayerReader::store asks for what cannot
/// be.
void read_layers(Engine& engine, const std::vector<ImageInfo>& images, const SpoolSpace& space, LayerReader reader,
                 const WantedLayers& wanted);

/// Tells of these images, as WantedLayers::on_image.
void read_images(Engine& engine, const std::vector<ImageInfo>& images, const SpoolSpace& space, LayerReader reader,
                 const std::function<void(const StoredImage&)>& on_image);

}  // namespace docker_sync
