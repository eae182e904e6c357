// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Images as blobs named by their sha256: containerd's content store, which Docker's containerd image store uses, and
// OCI image directories. Layers are as somebody once made them: tars, or in gzip or zstd (docs/engines.md).
#pragma once

#include <array>
#include <functional>

#include "store/layer_store.h"
#include "store/store_file.h"

namespace docker_sync {

/// Where the content store of a Docker daemon with that data root may be: of the containerd that it started itself,
/// else of the host's.
[[nodiscard]] std::array<std::string, 2> content_folders(const std::string& docker_root);

class ContentStore : public LayerStore {
 public:
  /// The blob of an image's manifest, or of an index of such. Nothing: there is none.
  using FindManifest = std::function<std::optional<Digest>(const ImageInfo&)>;
  /// In a store whose image IDs are those.
  [[nodiscard]] static std::optional<Digest> manifest_is_id(const ImageInfo& image);

  /// `folder`: has blobs/sha256.
  explicit ContentStore(std::string folder, FindManifest find_manifest = manifest_is_id,
                        std::shared_ptr<StoreFiles> files = own_files());

  [[nodiscard]] std::string description() const override { return "blobs in " + folder_; }

  /// Of an index, the image that has the identity that is known of it; else the first of this machine's platform.
  [[nodiscard]] std::optional<StoredImage> image(const ImageInfo& image) override;

  /// A layer in gzip is read once from front to back when it is first used, and must have its sha256. Never one in
  /// zstd, of which nothing can be read but from its beginning.
  [[nodiscard]] std::unique_ptr<RandomAccess> layer(const ImageInfo& image, size_t number) override;
  [[nodiscard]] std::optional<uint64_t> tar_size(const ImageInfo& image, size_t number) override;

 private:
  [[nodiscard]] std::unique_ptr<RandomAccess> open(const Digest& blob) const;
  [[nodiscard]] Bytes metadata(const Digest& blob) const;
  [[nodiscard]] std::optional<StoredImage> read_image(const ImageInfo& image) const;
  [[nodiscard]] std::optional<StoredImage> image_of(const Bytes& manifest, const Identity& identity) const;
  [[nodiscard]] std::unique_ptr<RandomAccess> unpack(std::unique_ptr<RandomAccess> blob, const Digest& diff_id) const;

  std::string folder_;
  FindManifest find_manifest_;
  std::shared_ptr<StoreFiles> files_;
};

}  // namespace docker_sync
