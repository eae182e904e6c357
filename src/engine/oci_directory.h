// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A folder of images in the form of an OCI layout, as an engine that runs nothing: what skopeo and buildah call
// oci:DIR. An image is known by its config's digest, whatever its layers' blobs are packed with. It has no images
// without names to keep: one that loses its last name is gone.
#pragma once

#include <atomic>
#include <map>
#include <mutex>

#include "engine/engine.h"
#include "engine/oci_store.h"
#include "image/layer_blob.h"
#include "store/content_store.h"

namespace docker_sync {

/// May be used by several threads, and several processes at the same time.
class OciDirectory : public Engine {
 public:
  /// Throws ExitCode::engine if `folder` is something else. It is made when the first image comes.
  OciDirectory(std::string folder, StoreCompression compression);

  [[nodiscard]] std::string description() const override;
  [[nodiscard]] PartialLoad partial_load() const override { return PartialLoad::any_layer; }

  [[nodiscard]] std::vector<ImageInfo> list() override;
  [[nodiscard]] std::optional<ImageInfo> inspect(const std::string& id_or_name) override;
  [[nodiscard]] std::string id_of_loaded(const Digest& config, const Digest&) const override { return config.text(); }
  [[nodiscard]] bool is_whole(const std::string& id) override;
  [[nodiscard]] std::unique_ptr<Source> save(const std::vector<std::string>& ids) override;
  [[nodiscard]] bool reads_in_place() override { return true; }
  [[nodiscard]] LayerStore* store(std::span<const ImageInfo> /*to_read*/, LayerReader /*reader*/) override {
    return &in_place_;
  }
  [[nodiscard]] std::vector<std::string> load(Source& archive) override;
  void tag(const std::string& id, const Reference& name) override;
  void remove_untagged(const std::string& id) override;

 private:
  /// An image of the platform that this machine would run, or of any, if there is none for it.
  struct Image {
    ImageInfo info;
    Descriptor entry;  ///< what the index calls it: a manifest, or an index of several
    Digest manifest_digest;
    ImageManifest manifest;
  };
  [[nodiscard]] std::vector<Image> read_images() const;
  [[nodiscard]] std::optional<Image> read_image(const Descriptor& entry) const;
  /// Nothing if the content is no manifest of an image, or its config is not there.
  [[nodiscard]] std::optional<Image> image_of(const Digest& digest, const Bytes& content,
                                              const Descriptor& entry) const;
  [[nodiscard]] std::optional<Image> find(const std::string& id) const;
  /// Of what was asked before it does not look again.
  [[nodiscard]] std::optional<Digest> manifest_of(const std::string& id);

  mutable OciStore store_;
  StoreCompression compression_;
  ContentStore in_place_;
  std::mutex mutex_;  ///< guards manifests_
  std::map<std::string, Digest> manifests_;
  mutable std::atomic<bool> told_ = false;  ///< the user, of something damaged
};

}  // namespace docker_sync
