// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/saved_metadata.h"

#include <algorithm>

#include "base/error.h"

namespace docker_sync {

namespace {

constexpr uint64_t kMostKept = 16 << 20;
constexpr size_t kMostBlobs = 100'000;

}  // namespace

void SavedMetadata::add_blob(const Digest& name, uint64_t size) {
  if (blobs_.size() == kMostBlobs) throw Error(ExitCode::engine, "the image's save archive has too many blobs");
  blobs_[name] = size;
}

void SavedMetadata::add_content(const Digest& name, Bytes content) {
  if (content.size() > kMostKept - kept_bytes_) return;
  kept_bytes_ += content.size();
  if (auto manifest = find_manifest(content)) {
    manifests_[name] = std::move(*manifest);
  } else if (auto config = find_config(content)) {
    configs_[name] = {std::move(content), std::move(config->diff_ids)};
  }
}

void SavedMetadata::add_manifest_json(ByteView content) {
  for (const ManifestItem& item : parse_manifest_json(content, ExitCode::engine)) {
    if (const auto config = blob_at(item.config)) {
      named_.insert(*config);
      named_blobs_.insert(*config);
    }
    for (const std::string& layer : item.layers) {
      if (const auto blob = blob_at(layer)) named_blobs_.insert(*blob);
    }
  }
}

std::vector<const ImageManifest*> SavedMetadata::by_preference() const {
  std::vector<const ImageManifest*> manifests;
  for (const auto& [digest, manifest] : manifests_) manifests.push_back(&manifest);
  std::stable_partition(manifests.begin(), manifests.end(),
                        [&](const ImageManifest* manifest) { return named_.contains(manifest->config); });
  return manifests;
}

std::vector<StoredImage> SavedMetadata::whole_images() const {
  std::vector<StoredImage> images;
  for (const ImageManifest* manifest : by_preference()) {
    const auto config = configs_.find(manifest->config);
    if (config == configs_.end() || config->second.diff_ids.size() != manifest->layers.size()) continue;
    const bool whole = std::all_of(manifest->layers.begin(), manifest->layers.end(), [&](const Descriptor& layer) {
      const auto blob = blobs_.find(layer.digest);
      return blob != blobs_.end() && blob->second == layer.size;
    });
    if (whole) images.push_back({config->second.content, config->second.diff_ids, manifest->layers});
  }
  return images;
}

const Bytes* SavedMetadata::config_of(const std::vector<Digest>& diff_ids) const {
  const Bytes* found = nullptr;
  for (const ImageManifest* manifest : by_preference()) {
    const auto config = configs_.find(manifest->config);
    if (found == nullptr && config != configs_.end() && config->second.diff_ids == diff_ids) {
      found = &config->second.content;
    }
  }
  return found;
}

std::set<Digest> SavedMetadata::missing_blobs() const {
  std::set<Digest> missing;
  for (const Digest& blob : named_blobs_) {
    if (!blobs_.contains(blob)) missing.insert(blob);
  }
  return missing;
}

}  // namespace docker_sync
