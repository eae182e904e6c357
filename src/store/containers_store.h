// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Podman's store, containers/storage: DRIVER-layers/layers.json tells of layers and their diff_ids, each with a
// tar-split beside it; the driver's own folder has their files, DRIVER-images the configs (docs/engines.md).
#pragma once

#include <array>
#include <map>
#include <mutex>

#include "store/layer_store.h"
#include "store/store_file.h"

namespace docker_sync {

class ContainersStore : public LayerStore {
 public:
  /// Whether a driver keeps its files in a way that we know.
  [[nodiscard]] static bool knows(const std::string& driver);

  /// `root`: as Podman says where it keeps its images. REQUIRES: knows(driver).
  ContainersStore(std::string root, std::string driver);

  [[nodiscard]] std::string description() const override { return driver_ + " in " + root_; }
  [[nodiscard]] std::optional<StoredImage> image(const ImageInfo& image) override;
  /// Any layer with that diff_id, of whichever image.
  [[nodiscard]] std::unique_ptr<RandomAccess> layer(const ImageInfo& image, size_t number) override;

 private:
  /// A file that lists layers, as it was when it was read.
  struct List {
    std::string name;
    std::array<int64_t, 4> stamp{};  ///< inode, size, and when it was changed: it is always replaced as a whole
    std::multimap<std::string, std::string> layers;  ///< their folders, by diff_id
  };

  [[nodiscard]] std::vector<std::string> folders_of(const Digest& diff_id);
  void bring_up_to_date(List& list) const;

  std::string root_, driver_, layers_folder_;
  const std::shared_ptr<StoreFiles> files_ = own_files();
  std::mutex mutex_;  ///< guards the lists
  std::array<List, 2> lists_;
};

}  // namespace docker_sync
