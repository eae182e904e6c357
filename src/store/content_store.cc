// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/content_store.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "image/layer_blob.h"
#include "image/oci_index.h"
#include "store/gzip_file.h"
#include "store/lazy_tar.h"

namespace docker_sync {

namespace {

/// Whether it may be what the engine has described; of an image that has lost blobs it describes nothing.
bool is_of(const Identity& identity, const Digest& config, const std::vector<Digest>& diff_ids) {
  if (identity.config && *identity.config != config) return false;
  return identity.diff_ids.empty() || identity.diff_ids == diff_ids;
}

BlobForm read_form(const RandomAccess& blob) {
  std::array<uint8_t, 4> beginning{};
  const auto known = MutableBytes(beginning).first(std::min<size_t>(beginning.size(), blob.size()));
  blob.read_at(0, known);
  return form_of(ByteView(known));
}

}  // namespace

std::array<std::string, 2> content_folders(const std::string& docker_root) {
  const std::string content = "/io.containerd.content.v1.content";
  return {docker_root + "/containerd/daemon" + content, "/var/lib/containerd" + content};
}

std::optional<Digest> ContentStore::manifest_is_id(const ImageInfo& image) { return Digest::parse(image.id); }

ContentStore::ContentStore(std::string folder, FindManifest find_manifest, std::shared_ptr<StoreFiles> files)
    : folder_(std::move(folder)), find_manifest_(std::move(find_manifest)), files_(std::move(files)) {}

std::unique_ptr<RandomAccess> ContentStore::open(const Digest& blob) const {
  const auto folder = files_->folder(folder_);
  auto file = folder ? folder->open(blob_path(blob)) : nullptr;
  if (!file) throw_errno(ExitCode::engine, "cannot open blob " + blob.brief() + " in " + folder_, errno);
  return file;
}

Bytes ContentStore::metadata(const Digest& blob) const {
  const auto file = open(blob);
  if (file->size() > kMaxMetadata) throw_damaged_store("blob " + blob.brief() + " is too large for what it is");
  Bytes bytes(static_cast<size_t>(file->size()));
  file->read_at(0, bytes);
  if (Digest::of(bytes) != blob) throw_damaged_store("blob " + blob.brief() + " is not what its name says");
  return bytes;
}

std::optional<StoredImage> ContentStore::image_of(const Bytes& manifest, const Identity& identity) const {
  auto found = find_manifest(manifest);
  if (!found) return std::nullopt;
  Bytes json = metadata(found->config);
  auto config = find_config(json);
  if (!config || config->diff_ids.size() != found->layers.size()) return std::nullopt;
  if (!is_of(identity, found->config, config->diff_ids)) return std::nullopt;
  return StoredImage{std::move(json), std::move(config->diff_ids), std::move(found->layers)};
}

std::optional<StoredImage> ContentStore::read_image(const ImageInfo& image) const {
  const auto target = find_manifest_(image);
  if (!target) return std::nullopt;
  const Bytes content = metadata(*target);
  if (find_manifest(content)) return image_of(content, image.identity);
  for (const OciIndex::Entry& one : OciIndex(content, {}).platforms()) {
    try {
      if (auto found = image_of(metadata(one.blob.digest), image.identity)) return found;
    } catch (const Error&) {
      // Of other platforms there is often nothing but their names.
    }
  }
  return std::nullopt;
}

std::optional<StoredImage> ContentStore::image(const ImageInfo& image) {
  try {
    return read_image(image);
  } catch (const std::exception& error) {
    verbose("image " + image.id + " cannot be read in place: " + error.what());
    return std::nullopt;
  }
}

std::unique_ptr<RandomAccess> ContentStore::unpack(std::unique_ptr<RandomAccess> blob, const Digest& diff_id) const {
  const BlobForm form = read_form(*blob);
  if (form == BlobForm::zstd) throw Error(ExitCode::engine, "it is in zstd");
  if (form != BlobForm::gzip) throw_damaged_store("a layer's blob is in no form that we know");
  const std::shared_ptr<const RandomAccess> packed = std::move(blob);
  return std::make_unique<LazyTar>([packed, diff_id] {
    auto tar = std::make_unique<GzipFile>(packed);
    if (tar->digest() != diff_id) throw_damaged_store("a layer's blob has another tar, " + tar->digest().brief());
    return tar;
  });
}

std::unique_ptr<RandomAccess> ContentStore::layer(const ImageInfo& image, size_t number) {
  const auto stored = this->image(image);
  if (!stored || number >= stored->blobs.size()) return nullptr;
  const Digest &blob = stored->blobs[number].digest, &diff_id = stored->diff_ids[number];
  try {
    auto file = open(blob);
    // A tar as it is. Whether it is that, who joins it will find out.
    return blob == diff_id ? std::move(file) : unpack(std::move(file), diff_id);
  } catch (const std::exception& error) {
    verbose("layer " + diff_id.brief() + " cannot be read in place: " + error.what());
    return nullptr;
  }
}

std::optional<uint64_t> ContentStore::tar_size(const ImageInfo& image, size_t number) {
  const auto stored = this->image(image);
  if (!stored || number >= stored->blobs.size()) return std::nullopt;
  if (stored->blobs[number].digest != stored->diff_ids[number]) return std::nullopt;
  return stored->blobs[number].size;
}

}  // namespace docker_sync
