// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/oci_archive.h"

#include <sys/stat.h>

#include <set>

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

std::vector<ArchiveMember> members_of(const OciStore& store, const std::vector<OciArchive::Image>& images) {
  std::vector<ArchiveMember> members;
  std::set<Digest> added;
  const auto add = [&](const Digest& blob) {
    if (!added.insert(blob).second) return;
    try {
      struct stat info {};
      if (::fstat(store.open(blob).get(), &info) != 0) return;
      members.push_back({blob_path(blob), static_cast<uint64_t>(info.st_size),
                         [&store, blob] { return std::make_unique<OpenFile>(store.open(blob)); }});
    } catch (const Error& error) {
      verbose(error.what());
    }
  };
  std::vector<SavedItem> items;
  for (const OciArchive::Image& image : images) {
    for (const Descriptor& layer : image.manifest.layers) add(layer.digest);
    add(image.manifest.config);
    add(image.manifest_digest);
    items.push_back({image.manifest.config, image.manifest.layers});
  }
  members.push_back(member_of_bytes("manifest.json", docker_manifest(items)));
  return members;
}

}  // namespace

OciArchive::OciArchive(const OciStore& store, Fd hold, const std::vector<Image>& images)
    : hold_(std::move(hold)), tar_(members_of(store, images)) {}

}  // namespace docker_sync
