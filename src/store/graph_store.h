// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Docker's classic store: below its data root image/DRIVER/ tells of images and of layers by chain ID, each with a
// tar-split; the driver's own folder has their files (docs/engines.md).
#pragma once

#include "store/layer_store.h"
#include "store/store_file.h"

namespace docker_sync {

class GraphStore : public LayerStore {
 public:
  /// Whether a driver keeps its files in a way that we know.
  [[nodiscard]] static bool knows(const std::string& driver);

  /// `root`: the daemon's data root. REQUIRES: knows(driver).
  GraphStore(std::string root, std::string driver, std::shared_ptr<StoreFiles> files = own_files())
      : root_(std::move(root)), driver_(std::move(driver)), files_(std::move(files)) {}

  [[nodiscard]] std::string description() const override { return driver_ + " in " + root_; }
  [[nodiscard]] std::optional<StoredImage> image(const ImageInfo& image) override;
  [[nodiscard]] std::unique_ptr<RandomAccess> layer(const ImageInfo& image, size_t number) override;

 private:
  [[nodiscard]] std::unique_ptr<RandomAccess> open(const Digest& chain, const Digest& diff_id) const;

  std::string root_, driver_;
  std::shared_ptr<StoreFiles> files_;
};

}  // namespace docker_sync
