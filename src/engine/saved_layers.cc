// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/saved_layers.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/growing_spool.h"
#include "base/passing_bytes.h"
#include "engine/legacy_layers.h"
#include "engine/saved_metadata.h"
#include "image/archive_reader.h"
#include "image/layer_blob.h"

namespace docker_sync {

namespace {

constexpr size_t kMostNames = 200;  ///< characters, of an error's blobs

/// Counts what is read, and tells.
class CountedSource : public Source {
 public:
  CountedSource(Source& below, const std::function<void(uint64_t)>& tell) : below_(&below), tell_(&tell) {}
  [[nodiscard]] size_t read(MutableBytes out) override {
    const size_t count = below_->read(out);
    total_ += count;
    tell();
    return count;
  }
  void tell() const {
    if (*tell_) (*tell_)(total_);
  }

 private:
  Source* below_;
  const std::function<void(uint64_t)>* tell_;
  uint64_t total_ = 0;
};

/// Podman's docker-archive has its layers as "<diff_id>.tar".
std::optional<Digest> podman_layer(std::string_view path) {
  constexpr std::string_view kEnding = ".tar";
  if (!path.ends_with(kEnding)) return std::nullopt;
  return blob_at("blobs/sha256/" + std::string(path.substr(0, path.size() - kEnding.size())));
}

class SaveReader {
 public:
  SaveReader(const SpoolSpace& space, const WantedLayers& wanted, const CountedSource& archive)
      : space_(space), wanted_(wanted), archive_(archive), layers_left_(wanted.layers), config_left_(wanted.config),
        legacy_layers_(wanted.while_they_come) {}

  void take(const ArchiveEntry& entry, Source& content) {
    if (entry.type != ArchiveEntry::Type::file) return;
    const std::optional<Digest> name = blob_at(entry.path);
    if (name) metadata_.add_blob(*name, entry.size);
    LayerBlob layer(content);
    if (layer.form() == BlobForm::plain && layer.begins_with('{') && entry.size <= kMaxMetadata) {
      Bytes text = read_all(layer);
      legacy_layers_.add(entry.path, text);
      take_text(name, std::move(text));
    } else if (layer.form() == BlobForm::plain && layer.begins_with('[') && entry.size <= kMaxMetadata &&
               entry.path == "manifest.json") {
      metadata_.add_manifest_json(read_all(layer));
    } else if (const auto tar = layer.form() == BlobForm::plain ? likely_layer(entry.path, name) : std::nullopt;
               tar && !is_wanted(*tar)) {
      // What is not wanted need not be spooled to know it. A name is believed for nothing more.
      tell_file(*tar, entry.size);
    } else if (tar && !wanted_.while_they_come.empty() && layers_left_.contains(*tar) && entry.size > 0) {
      take_coming(*tar, entry.size, layer);
    } else if (!layers_left_.empty() || config_left_ || !wanted_.sizes.empty()) {
      take_tar(layer);
    }
  }

  void finish() {
    if (wanted_.config_of) {
      const Bytes* config = metadata_.config_of(*wanted_.config_of);
      if (config == nullptr) throw_incomplete("its config");
      wanted_.on_config(*config);
    }
    if (!layers_left_.empty()) throw_incomplete("its layer " + layers_left_.begin()->brief());
    if (config_left_) throw_incomplete("its config");
    if (!wanted_.on_image) return;
    for (const StoredImage& image : metadata_.whole_images()) wanted_.on_image(image);
  }

 private:
  [[nodiscard]] bool is_wanted(const Digest& digest) const {
    return layers_left_.contains(digest) || config_left_ == digest;
  }

  /// Which layer is, by its name, at that path. Docker 25 and later and Podman name a tar by its hash.
  [[nodiscard]] std::optional<Digest> likely_layer(std::string_view path, const std::optional<Digest>& blob) const {
    if (blob) return blob;
    if (const auto number = legacy_layers_.number_of(path)) {
      return wanted_.while_they_come[*number];
    }
    return podman_layer(path);
  }

  void tell_file(const Digest& digest, uint64_t size) const {
    if (wanted_.sizes.contains(digest)) wanted_.on_size(digest, size);
  }

  [[nodiscard]] static Bytes read_all(Source& source) {
    MemorySink sink;
    copy(source, sink);
    return std::move(sink.bytes());
  }

  /// What may be a config or a manifest, or a layer whose first file has an odd name.
  void take_text(const std::optional<Digest>& name, Bytes content) {
    const Digest digest = Digest::of(content);
    if (layers_left_.contains(digest)) {
      MemorySource source(content);
      take_tar(source);
      return;
    }
    tell_file(digest, content.size());
    if (config_left_ == digest) {
      config_left_.reset();
      wanted_.on_config(content);
    }
    if (name == digest) metadata_.add_content(digest, std::move(content));
  }

  void take_tar(Source& tar) {
    if (!spool_) spool_ = std::make_unique<Spool>(space_, Spool::Begin::on_disk);
    const Digest digest = copy_hashed(tar, *spool_);
    tell_file(digest, spool_->size());
    if (layers_left_.erase(digest) == 0) return spool_->clear();
    spool_->flush();
    wanted_.on_layer(digest, std::move(spool_));
  }

  void take_coming(const Digest& digest, uint64_t size, Source& tar) {
    /// Lives as long as the longer of both who read and who writes.
    class Reader : public RandomAccess {
     public:
      explicit Reader(std::shared_ptr<const ComingBytes> bytes) : bytes_(std::move(bytes)) {}
      [[nodiscard]] uint64_t size() const override { return bytes_->size(); }
      void read_at(uint64_t offset, MutableBytes out) const override { bytes_->read_at(offset, out); }

     private:
      std::shared_ptr<const ComingBytes> bytes_;
    };
    std::shared_ptr<ComingBytes> bytes;
    if (wanted_.coming_pass) {
      bytes = std::make_shared<PassingBytes>(size, [this] { archive_.tell(); });
    } else {
      bytes = std::make_shared<GrowingSpool>(space_, size);
    }
    tell_file(digest, size);
    wanted_.on_coming(digest, std::make_unique<Reader>(bytes));
    try {
      if (copy_hashed(tar, *bytes) != digest) throw_incomplete("its layer " + digest.brief());
      layers_left_.erase(digest);
      bytes->end();
    } catch (const Error& error) {
      bytes->close(error);
      throw;
    }
  }

  [[nodiscard]] static Digest copy_hashed(Source& content, Sink& spool) {
    Sha256 hash;
    CallbackSink both([&](ByteView bytes) {
      hash.write(bytes);
      spool.write(bytes);
    });
    copy(content, both);
    return {hash.finish()};
  }

  [[noreturn]] void throw_incomplete(const std::string& what) const {
    const std::set<Digest> missing = metadata_.missing_blobs();
    if (missing.empty()) {
      throw Error(ExitCode::image, "the engine gave out the image without " + what,
                  "it was removed meanwhile, or its store is damaged");
    }
    // Which of them its store has lost the engine does not tell: it leaves out all of an image that lacks one.
    std::string names;
    for (const Digest& blob : missing) {
      if (names.size() > kMostNames) {
        names += ", …";
        break;
      }
      names += (names.empty() ? "" : ", ") + blob.brief();
    }
    throw Error(
        ExitCode::image,
        fmt::format("the engine's store has lost one or more blobs of the image: it gave out none of {}", names),
        "pull or build the image again on that host");
  }

  const SpoolSpace& space_;
  const WantedLayers& wanted_;
  const CountedSource& archive_;
  std::set<Digest> layers_left_;
  std::optional<Digest> config_left_;
  SavedMetadata metadata_;
  LegacyLayers legacy_layers_;
  std::unique_ptr<Spool> spool_;
};

}  // namespace

void read_saved_layers(Engine& engine, const std::vector<std::string>& ids, const SpoolSpace& space,
                       const WantedLayers& wanted) {
  const auto archive = engine.save(ids);
  CountedSource counted(*archive, wanted.on_progress);
  SaveReader reader(space, wanted, counted);
  read_archive(counted, [&](const ArchiveEntry& entry, Source& content) { reader.take(entry, content); });
  reader.finish();
}

}  // namespace docker_sync
