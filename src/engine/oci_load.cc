// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/oci_load.h"

#include "base/compression.h"
#include "base/error.h"
#include "image/archive_reader.h"

namespace docker_sync {

namespace {

constexpr uint64_t kMostText = 16 << 20;
constexpr int kLevel = 3;
constexpr const char* kZstdLayer = "application/vnd.oci.image.layer.v1.tar+zstd";

/// Counts and hashes what goes into a file.
class BlobSink : public Sink {
 public:
  explicit BlobSink(const Fd& file) : file_(&file) {}
  void write(ByteView bytes) override {
    write_all(*file_, bytes);
    hash_.write(bytes);
    size_ += bytes.size();
  }
  [[nodiscard]] Descriptor finish(const char* media_type) { return {{hash_.finish()}, size_, media_type}; }

 private:
  const Fd* file_;
  Sha256 hash_;
  uint64_t size_ = 0;
};

}  // namespace

OciLoad::OciLoad(OciStore& store, bool compress) : store_(&store), compress_(compress) {}

void OciLoad::read(Source& archive) {
  std::optional<Digest> named;
  read_archive(archive, [&](const ArchiveEntry& entry, Source& content) {
    if (entry.type != ArchiveEntry::Type::file) return;
    if (const auto name = blob_at(entry.path)) return take_blob(*name, entry.size, content);
    if (entry.path != "index.json" || entry.size > kMaxMetadata) return;
    MemorySink json;
    copy(content, json);
    const auto entries = OciIndex(json.bytes(), {}).entries();
    if (entries.size() == 1) named = entries[0].blob.digest;
  });
  const auto text = named ? texts_.find(*named) : texts_.end();
  const auto manifest = text != texts_.end() ? find_manifest(text->second) : std::nullopt;
  if (!manifest || !texts_.contains(manifest->config)) {
    throw Error(ExitCode::engine, "the archive to load is not that of one image");
  }
  manifest_ = *manifest;
}

void OciLoad::take_blob(const Digest& name, uint64_t size, Source& content) {
  NewFile file = store_->new_blob();
  // Only now is there a layout that could be locked.
  if (!hold_) hold_ = store_->hold_blobs();
  BlobSink blob(file.fd());
  std::optional<ZstdSink> zstd;
  std::optional<Sha256> tar_hash;  // where it is not the blob's own
  Bytes text;
  bool is_text = size <= kMaxMetadata && size <= kMostText - text_bytes_, begins = true;
  CallbackSink sink([&](ByteView bytes) {
    if (begins) is_text = is_text && bytes[0] == '{';
    // A layer whose first file has such a name is kept as it is, too: it might be metadata.
    if (begins && compress_ && !is_text) {
      zstd.emplace(blob, kLevel);
      tar_hash.emplace();
    }
    begins = false;
    if (is_text) text.insert(text.end(), bytes.begin(), bytes.end());
    if (!zstd) return blob.write(bytes);
    tar_hash->write(bytes);
    zstd->write(bytes);
  });
  copy(content, sink);
  if (zstd) zstd->finish();
  const Descriptor stored = blob.finish(zstd ? kZstdLayer : kLayerMediaType);
  if ((tar_hash ? Digest{tar_hash->finish()} : stored.digest) != name) {
    throw Error(ExitCode::verification, "blob " + name.brief() + " arrived damaged", "try again");
  }
  if (is_text) {
    text_bytes_ += text.size();
    texts_.emplace(name, std::move(text));
  }
  layers_.emplace(name, Came{stored, std::move(file)});
}

Descriptor OciLoad::put_blobs(const std::map<Digest, Descriptor>& stored) {
  const Bytes& config = texts_.at(manifest_.config);
  const auto parsed = find_config(config);
  if (!parsed) throw Error(ExitCode::engine, "the archive to load has no config");
  std::vector<Descriptor> layers;
  for (const Digest& diff_id : parsed->diff_ids) {
    const auto came = layers_.find(diff_id);
    const auto there = stored.find(diff_id);
    // What is there stays in its form, so that images go on sharing it.
    if (there != stored.end()) {
      layers.push_back(there->second);
    } else if (came != layers_.end()) {
      layers.push_back(came->second.blob);
    } else {
      throw Error(ExitCode::engine, "layer " + diff_id.brief() + " is not in " + store_->folder() + " (any more)",
                  "try again");
    }
  }
  for (const Digest& diff_id : parsed->diff_ids) {
    const auto came = layers_.find(diff_id);
    if (came == layers_.end()) continue;
    if (!stored.contains(diff_id)) store_->put_blob(std::move(came->second.file), came->second.blob.digest);
    layers_.erase(came);
  }
  (void)put_metadata(config, kConfigMediaType);
  return put_metadata(oci_manifest(config, layers), kManifestMediaType);
}

Descriptor OciLoad::put_metadata(ByteView content, const char* media_type) {
  NewFile file = store_->new_blob();
  BlobSink blob(file.fd());
  blob.write(content);
  const Descriptor descriptor = blob.finish(media_type);
  store_->put_blob(std::move(file), descriptor.digest);
  return descriptor;
}

}  // namespace docker_sync
