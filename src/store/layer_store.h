// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// An engine's images where they lie in its own store: single layers, byte for byte, read in place, without asking the
// engine to save a whole image. Nothing of a store is ever written. What it looks like inside no engine promises, so
// whoever reads takes a store's word for nothing: what comes of a layer is checked by its sha256, and where a store
// says nothing, or turns out to be damaged, the engine's save archive is there (engine/layer_reading.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "image/config.h"
#include "image/image_info.h"

namespace docker_sync {

/// An image's metadata, of the platform that its engine would run.
struct StoredImage {
  Bytes config;
  std::vector<Digest> diff_ids;
  std::vector<Descriptor> blobs;  ///< its layers as they are stored, as many as diff_ids; none in a store of files
};

/// May be used by several threads.
class LayerStore {
 public:
  virtual ~LayerStore() = default;

  /// For people: "overlay2 in /var/lib/docker".
  [[nodiscard]] virtual std::string description() const = 0;

  /// Nothing if the store does not have it, or in a way that we do not know. Does not throw.
  [[nodiscard]] virtual std::optional<StoredImage> image(const ImageInfo& image) = 0;

  /// The tar of the image's layer of that number, base first, which must not outlive the store; null likewise. It may not
  /// be looked into before it is used, so that its size(), too, takes a while, and like read_at() throws
  /// ExitCode::verification if the store turns out to be damaged, or was changed meanwhile.
  [[nodiscard]] virtual std::unique_ptr<RandomAccess> layer(const ImageInfo& image, size_t number) = 0;

  /// The size of that tar, unless it takes more than to look it up.
  [[nodiscard]] virtual std::optional<uint64_t> tar_size(const ImageInfo& image, size_t number) {
    const auto tar = layer(image, number);
    try {
      return tar ? std::optional(tar->size()) : std::nullopt;
    } catch (const Error&) {
      return std::nullopt;
    }
  }
};

/// Throws that error of read_at().
[[noreturn]] void throw_damaged_store(const std::string& what);

}  // namespace docker_sync
