// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/oci_directory.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/log.h"
#include "engine/oci_archive.h"
#include "engine/oci_load.h"
#include "image/fingerprint.h"

namespace docker_sync {

namespace {

std::optional<ImageInfo> describe(const ImageManifest& manifest, const Bytes& config_json) {
  const auto config = find_config(config_json);
  // An artifact of another kind has no layers of files.
  if (!config || config->diff_ids.size() != manifest.layers.size()) return std::nullopt;
  ImageInfo info;
  info.id = manifest.config.text();
  info.identity = {manifest.config, config->diff_ids, fingerprint_of_config(config_json)};
  info.created = config->created;
  for (const Descriptor& layer : manifest.layers) info.size += layer.size;
  return info;
}

}  // namespace

OciDirectory::OciDirectory(std::string folder, StoreCompression compression)
    : store_(std::move(folder)),
      compression_(compression),
      in_place_(store_.folder(), [this](const ImageInfo& image) { return manifest_of(image.id); }) {}

std::string OciDirectory::description() const { return "image directory " + store_.folder(); }

std::optional<OciDirectory::Image> OciDirectory::image_of(const Digest& digest, const Bytes& content,
                                                          const Descriptor& entry) const {
  const auto manifest = find_manifest(content);
  const auto config = manifest ? store_.metadata(manifest->config) : std::nullopt;
  auto info = config ? describe(*manifest, *config) : std::nullopt;
  if (!info) return std::nullopt;
  return Image{std::move(*info), entry, digest, *manifest};
}

std::optional<OciDirectory::Image> OciDirectory::read_image(const Descriptor& entry) const {
  const auto content = store_.metadata(entry.digest);
  if (!content) return std::nullopt;
  if (auto image = image_of(entry.digest, *content, entry)) return image;
  for (const OciIndex::Entry& one : OciIndex(*content, {}).platforms()) {
    const auto manifest = store_.metadata(one.blob.digest);
    auto image = manifest ? image_of(one.blob.digest, *manifest, entry) : std::nullopt;
    if (image) return image;
  }
  return std::nullopt;
}

std::vector<OciDirectory::Image> OciDirectory::read_images() const {
  std::vector<Image> images;
  for (const OciIndex::Entry& entry : store_.index().entries()) {
    auto there = std::find_if(images.begin(), images.end(),
                              [&](const Image& image) { return image.entry.digest == entry.blob.digest; });
    if (there == images.end()) {
      std::optional<Image> image;
      try {
        image = read_image(entry.blob);
      } catch (const Error& error) {
        // It is looked at many times in a sync.
        told_.exchange(true) ? verbose(error.what()) : warn(error.what());
      }
      if (!image) continue;
      there = images.insert(images.end(), std::move(*image));
    }
    if (entry.name) there->info.names.push_back(*entry.name);
  }
  return images;
}

std::vector<ImageInfo> OciDirectory::list() {
  std::vector<ImageInfo> infos;
  for (Image& image : read_images()) {
    // The same image may be there in two forms.
    const auto there =
        std::find_if(infos.begin(), infos.end(), [&](const ImageInfo& info) { return info.id == image.info.id; });
    if (there == infos.end()) {
      infos.push_back(std::move(image.info));
    } else {
      there->names.insert(there->names.end(), image.info.names.begin(), image.info.names.end());
    }
  }
  return infos;
}

std::optional<ImageInfo> OciDirectory::inspect(const std::string& id_or_name) {
  for (ImageInfo& image : list()) {
    const bool named = std::any_of(image.names.begin(), image.names.end(), [&](const Reference& name) {
      return name.full() == id_or_name || name.familiar() == id_or_name;
    });
    if (named || image.id == id_or_name) return std::move(image);
  }
  return std::nullopt;
}

std::optional<OciDirectory::Image> OciDirectory::find(const std::string& id) const {
  for (Image& image : read_images()) {
    if (image.info.id == id) return std::move(image);
  }
  return std::nullopt;
}

std::optional<Digest> OciDirectory::manifest_of(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto known = manifests_.find(id);
  if (known != manifests_.end()) return known->second;
  const auto image = find(id);
  if (!image) return std::nullopt;
  return manifests_[id] = image->manifest_digest;
}

bool OciDirectory::is_whole(const std::string& id) {
  const auto image = find(id);
  return image && std::all_of(image->manifest.layers.begin(), image->manifest.layers.end(),
                              [this](const Descriptor& layer) { return store_.has(layer); });
}

std::unique_ptr<Source> OciDirectory::save(const std::vector<std::string>& ids) {
  Fd hold = store_.hold_blobs();
  std::vector<OciArchive::Image> images;
  for (const std::string& id : ids) {
    const auto image = find(id);
    if (!image) throw Error(ExitCode::image, "the image " + id + " does not exist (any more)");
    images.push_back({image->manifest_digest, image->manifest});
  }
  return std::make_unique<OciArchive>(store_, std::move(hold), images);
}

std::vector<std::string> OciDirectory::load(Source& archive) {
  OciLoad load(store_, compression_ == StoreCompression::zstd);
  load.read(archive);
  // What was left out is in some image here; from now on none of them goes.
  std::map<Digest, Descriptor> stored;
  for (const Image& image : read_images()) {
    for (size_t i = 0; i < image.manifest.layers.size(); ++i) {
      if (store_.has(image.manifest.layers[i])) {
        stored.emplace(image.info.identity.diff_ids[i], image.manifest.layers[i]);
      }
    }
  }
  const Descriptor manifest = load.put_blobs(stored);
  const std::string id = load.config().text();
  store_.update([&](OciIndex& index) {
    if (!find(id)) index.add(manifest);
  });
  return {id};
}

void OciDirectory::tag(const std::string& id, const Reference& name) {
  store_.update([&](OciIndex& index) {
    const auto image = find(id);
    if (!image) throw Error(ExitCode::image, "the image " + id + " does not exist (any more)");
    index.add(image->entry, name);
  });
}

void OciDirectory::remove_untagged(const std::string& id) {
  store_.update([&](OciIndex& index) {
    const auto image = find(id);
    if (image && image->info.names.empty()) index.remove_unnamed(image->entry.digest);
  });
}

}  // namespace docker_sync
