// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/oci_archive.h"

#include <sys/stat.h>

#include "base/error.h"
#include "base/log.h"

namespace docker_sync {

namespace {

class OpenFile : public Source {
 public:
  explicit OpenFile(Fd file) : file_(std::move(file)), source_(file_) {}
  [[nodiscard]] size_t read(MutableBytes out) override { return source_.read(out); }

 private:
  Fd file_;
  FdSource source_;
};

class OwnedBytes : public Source {
 public:
  explicit OwnedBytes(Bytes bytes) : bytes_(std::move(bytes)), source_(bytes_) {}
  [[nodiscard]] size_t read(MutableBytes out) override { return source_.read(out); }

 private:
  Bytes bytes_;
  MemorySource source_;
};

}  // namespace

OciArchive::OciArchive(const OciStore& store, Fd hold, const std::vector<Image>& images)
    : store_(&store),
      hold_(std::move(hold)),
      tar_([this] { return next_ < members_.size() ? std::optional(members_[next_++]) : std::nullopt; }) {
  std::vector<SavedItem> items;
  for (const Image& image : images) {
    for (const Descriptor& layer : image.manifest.layers) add(layer.digest);
    add(image.manifest.config);
    add(image.manifest_digest);
    items.push_back({image.manifest.config, image.manifest.layers});
  }
  Bytes manifest = docker_manifest(items);
  const uint64_t size = manifest.size();
  members_.push_back({"manifest.json", size, [manifest] { return std::make_unique<OwnedBytes>(manifest); }});
}

void OciArchive::add(const Digest& blob) {
  if (!added_.insert(blob).second) return;
  try {
    struct stat info {};
    if (::fstat(store_->open(blob).get(), &info) != 0) return;
    members_.push_back({blob_path(blob), static_cast<uint64_t>(info.st_size),
                        [this, blob] { return std::make_unique<OpenFile>(store_->open(blob)); }});
  } catch (const Error& error) {
    verbose(error.what());
  }
}

}  // namespace docker_sync
