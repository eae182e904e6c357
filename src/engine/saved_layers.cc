// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/saved_layers.h"

#include "base/error.h"
#include "image/archive_reader.h"
#include "image/config.h"

namespace docker_sync {

namespace {

/// Counts what is read, and tells.
class CountedSource : public Source {
 public:
  CountedSource(Source& below, const std::function<void(uint64_t)>& tell) : below_(&below), tell_(&tell) {}
  [[nodiscard]] size_t read(MutableBytes out) override {
    const size_t count = below_->read(out);
    total_ += count;
    if (*tell_) (*tell_)(total_);
    return count;
  }

 private:
  Source* below_;
  const std::function<void(uint64_t)>* tell_;
  uint64_t total_ = 0;
};

class SaveReader {
 public:
  SaveReader(const SpoolFolder& folder, const SavedLayers& wanted)
      : folder_(folder), wanted_(wanted), layers_left_(wanted.layers), config_left_(wanted.config) {}

  void take(const ArchiveEntry& entry, Source& content) {
    if (entry.type != ArchiveEntry::Type::file) return;
    if (const auto digest = unwanted_blob(entry.path)) {
      if (wanted_.on_file) wanted_.on_file(*digest, entry.size);
      return;
    }
    if (!spool_) spool_ = std::make_unique<Spool>(folder_);
    const Digest digest = spool_hashed(content);
    if (wanted_.on_file) wanted_.on_file(digest, spool_->size());
    if (layers_left_.erase(digest) > 0) {
      spool_->flush();
      wanted_.on_layer(digest, std::move(spool_));
    } else if (config_left_ == digest && spool_->size() <= kMaxMetadata) {
      spool_->flush();
      Bytes config(static_cast<size_t>(spool_->size()));
      spool_->read_at(0, config);
      wanted_.on_config(std::move(config));
      config_left_.reset();
      spool_->clear();
    } else {
      spool_->clear();
    }
  }

  void check_complete() const {
    if (layers_left_.empty() && !config_left_) return;
    throw Error(ExitCode::image,
                layers_left_.empty()
                    ? "the engine gave out the image without its config"
                    : "the engine gave out the image without its layer " + layers_left_.begin()->brief(),
                "it was removed meanwhile, or its store is damaged");
  }

 private:
  /// Docker 25 and later name a blob by its hash: one that is not wanted need not be spooled to know it. Its name is
  /// believed only for that.
  [[nodiscard]] std::optional<Digest> unwanted_blob(const std::string& path) const {
    static const std::string kBlobs = "blobs/sha256/";
    if (!path.starts_with(kBlobs)) return std::nullopt;
    const Digest digest = Digest::parse("sha256:" + path.substr(kBlobs.size()));
    if (layers_left_.contains(digest) || config_left_ == digest) return std::nullopt;
    return digest;
  }

  [[nodiscard]] Digest spool_hashed(Source& content) {
    Sha256 hash;
    CallbackSink both([&](ByteView bytes) {
      hash.write(bytes);
      spool_->write(bytes);
    });
    copy(content, both);
    return {hash.finish()};
  }

  const SpoolFolder& folder_;
  const SavedLayers& wanted_;
  std::set<Digest> layers_left_;
  std::optional<Digest> config_left_;
  std::unique_ptr<Spool> spool_;
};

}  // namespace

void read_saved_layers(Engine& engine, const std::vector<std::string>& ids, const SpoolFolder& folder,
                       const SavedLayers& wanted) {
  SaveReader reader(folder, wanted);
  const auto archive = engine.save(ids);
  CountedSource counted(*archive, wanted.on_progress);
  read_archive(counted, [&](const ArchiveEntry& entry, Source& content) { reader.take(entry, content); });
  reader.check_complete();
}

}  // namespace docker_sync
