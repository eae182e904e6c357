// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What a save archive in the form of an OCI layout says of its images. Blobs come in no useful order and are named by
// nothing but their digests, so whatever may be a manifest or a config is collected while the archive goes by, and put
// together at its end. An index needs no reading: Docker's manifest.json names the configs of the images that its
// platform runs, and attestations are the manifests that nobody asks for.
#pragma once

#include <map>
#include <set>

#include "image/config.h"
#include "store/layer_store.h"

namespace docker_sync {

class SavedMetadata {
 public:
  /// A file of the archive that is a blob, whatever is in it.
  void add_blob(const Digest& name, uint64_t size);
  /// Keeps a blob's content if it is a manifest or a config. Beyond 16 MiB of them none is kept.
  void add_content(const Digest& name, Bytes content);
  /// manifest.json. Throws ExitCode::engine on what is none.
  void add_manifest_json(ByteView content);

  /// The images of which every blob has come, those that manifest.json names first.
  [[nodiscard]] std::vector<StoredImage> whole_images() const;
  /// The config of the first image with these layers whose config has come, whether they have or not.
  [[nodiscard]] const Bytes* config_of(const std::vector<Digest>& diff_ids) const;
  /// Blobs that an image which manifest.json names should have, and that did not come.
  [[nodiscard]] std::set<Digest> missing_blobs() const;

 private:
  struct Config {
    Bytes content;
    std::vector<Digest> diff_ids;
  };
  [[nodiscard]] std::vector<const ImageManifest*> by_preference() const;

  std::map<Digest, uint64_t> blobs_;  ///< size by digest
  std::map<Digest, ImageManifest> manifests_;
  std::map<Digest, Config> configs_;
  std::set<Digest> named_;        ///< configs that manifest.json names
  std::set<Digest> named_blobs_;  ///< and all it names
  uint64_t kept_bytes_ = 0;
};

}  // namespace docker_sync
