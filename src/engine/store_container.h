// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The store of a Docker engine whose user may run containers, but is not root: its files are opened by the helper in a
// throw-away container that gets the store's folders read-only, no network, and no right but to read everybody's files.
#pragma once

#include <functional>

#include "engine/docker_answers.h"
#include "engine/helper_container.h"
#include "store/layer_store.h"
#include "store/remote_files.h"

namespace docker_sync {

/// The helper's bytes, for a machine as Docker calls it ("amd64"). Throws ExitCode::helper if there is none.
using FindHelper = std::function<Bytes(const std::string& architecture)>;

class StoreContainer : public LayerStore {
 public:
  /// Whether a store is of a kind that can be read.
  [[nodiscard]] static bool knows(const DockerStore& said);

  /// What the helper says first, on its standard output.
  static constexpr std::string_view kGreeting = "docker-sync files 1\n";

  /// Starts it: a third of a second. Throws as HelperContainer, and leaves nothing then. REQUIRES: knows(said).
  StoreContainer(const HttpClient::Connect& connect, const DockerVersion& version, const DockerStore& said,
                 const FindHelper& find_helper);
  ~StoreContainer() override { files_->close(); }

  [[nodiscard]] std::string description() const override { return description_; }
  [[nodiscard]] std::optional<StoredImage> image(const ImageInfo& image) override { return store_->image(image); }
  [[nodiscard]] std::unique_ptr<RandomAccess> layer(const ImageInfo& image, size_t number) override {
    return store_->layer(image, number);
  }
  [[nodiscard]] std::optional<uint64_t> tar_size(const ImageInfo& image, size_t number) override {
    return store_->tar_size(image, number);
  }

  /// Ends and removes it. What is opened from then on fails. While others read, too.
  void end() noexcept;

 private:
  HelperContainer container_;  ///< removed when files_ are closed
  const std::string description_;
  std::shared_ptr<RemoteFiles> files_;
  std::unique_ptr<LayerStore> store_;
};

}  // namespace docker_sync
