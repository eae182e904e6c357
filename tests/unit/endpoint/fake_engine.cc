// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "fake_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/compression.h"
#include "base/error.h"
#include "image/archive_reader.h"
#include "image/archive_writer.h"
#include "image/config.h"

namespace docker_sync {

namespace {

constexpr const char* kZstdMediaType = "application/vnd.oci.image.layer.v1.tar+zstd";

Bytes make_config(const std::vector<Digest>& diff_ids, const std::string& created, const std::string& environment) {
  nlohmann::json config = {{"architecture", "amd64"}, {"os", "linux"}, {"created", created}};
  config["config"]["Env"] = {environment};
  config["rootfs"]["type"] = "layers";
  for (const Digest& layer : diff_ids) config["rootfs"]["diff_ids"].push_back(layer.text());
  const std::string text = config.dump();
  return {text.begin(), text.end()};
}

ArchiveMember member(const std::string& path, Bytes bytes) {
  struct Owned : Source {
    explicit Owned(Bytes content) : bytes(std::move(content)), source(bytes) {}
    [[nodiscard]] size_t read(MutableBytes out) override { return source.read(out); }
    Bytes bytes;
    MemorySource source;
  };
  const uint64_t size = bytes.size();
  return {path, size, [bytes = std::move(bytes)] { return std::make_unique<Owned>(bytes); }};
}

class OwnedTar : public Source {
 public:
  explicit OwnedTar(std::vector<ArchiveMember> members)
      : members_(std::move(members)), tar_([this]() -> std::optional<ArchiveMember> {
          if (next_ == members_.size()) return std::nullopt;
          return members_[next_++];
        }) {}
  [[nodiscard]] size_t read(MutableBytes out) override { return tar_.read(out); }

 private:
  std::vector<ArchiveMember> members_;
  size_t next_ = 0;
  TarSource tar_;
};

}  // namespace

std::string FakeEngine::add(const std::vector<std::string>& names, const std::vector<Bytes>& layers,
                            const std::string& created, const std::string& environment) {
  Image image;
  for (const Bytes& layer : layers) image.diff_ids.push_back(Digest::of(layer));
  image.layers = layers;
  image.config = make_config(image.diff_ids, created, environment);
  image.id = Digest::of(image.config).text();
  image.created = created;
  if (containerd_store) {
    for (const Bytes& layer : layers) {
      image.blobs.push_back(zstd_compress(layer, 3));
      image.descriptors.push_back({Digest::of(image.blobs.back()), image.blobs.back().size(), kZstdMediaType});
    }
    image.id = Digest::of(oci_manifest(image.config, image.descriptors)).text();
  }
  {
    const std::lock_guard lock(mutex_);
    if (find(image.id) == nullptr) images_.push_back(image);
  }
  for (const std::string& name : names) tag(image.id, Reference::parse(name));
  return image.id;
}

void FakeEngine::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  std::erase_if(images_, [&](const Image& image) { return image.id == id; });
}

std::string FakeEngine::id_of(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const Image* image = find(Reference::parse(name).full());
  return image == nullptr ? "" : image->id;
}

std::vector<std::string> FakeEngine::ids() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> result;
  for (const Image& image : images_) result.push_back(image.id);
  return result;
}

std::vector<Bytes> FakeEngine::layers_of(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return find(id)->layers;
}

Bytes FakeEngine::config_of(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return find(id)->config;
}

FakeEngine::Image* FakeEngine::find(const std::string& id_or_name) {
  for (Image& image : images_) {
    if (image.id == id_or_name) return &image;
    for (const Reference& name : image.names) {
      if (name.full() == id_or_name) return &image;
    }
  }
  return nullptr;
}

ImageInfo FakeEngine::info(const Image& image) const {
  uint64_t size = says_larger_by;
  for (const Bytes& layer : image.layers) size += layer.size();
  return {image.id,
          image.names,
          {containerd_store ? std::nullopt : std::optional(Digest::parse(image.id)), image.diff_ids,
           std::string(as_text(image.config))},
          image.created,
          size};
}

std::vector<ImageInfo> FakeEngine::list() {
  const std::lock_guard lock(mutex_);
  std::vector<ImageInfo> result;
  for (const Image& image : images_) result.push_back(info(image));
  return result;
}

std::optional<ImageInfo> FakeEngine::inspect(const std::string& id_or_name) {
  const std::lock_guard lock(mutex_);
  const Image* image = find(id_or_name);
  if (image == nullptr) return std::nullopt;
  return info(*image);
}

std::unique_ptr<Source> FakeEngine::save(const std::vector<std::string>& ids) {
  if (before_save) before_save();
  const std::lock_guard lock(mutex_);
  ++saves;
  std::map<std::string, Bytes> files;  // Sorted by name, as Docker 20.10 does: the order says nothing.
  for (const std::string& id : ids) {
    const Image* image = find(id);
    if (image == nullptr) throw Error(ExitCode::image, "no such image " + id);
    files.merge(files_of(*image));
  }
  std::vector<ArchiveMember> members;
  for (auto& [path, bytes] : files) members.push_back(member(path, std::move(bytes)));
  members.push_back(member("manifest.json", Bytes{'[', ']'}));
  return std::make_unique<OwnedTar>(std::move(members));
}

std::map<std::string, Bytes> FakeEngine::files_of(const Image& image) const {
  std::map<std::string, Bytes> files;
  const auto add = [&](const std::string& path, Bytes layer) {
    if (damage_saved_layer) damage_saved_layer(layer);
    files[path] = std::move(layer);
  };
  if (containerd_store) {
    for (size_t i = 0; i < image.blobs.size(); ++i) add(blob_path(image.descriptors[i].digest), image.blobs[i]);
    files[blob_path(Digest::of(image.config))] = image.config;
    files[blob_path(Digest::parse(image.id))] = oci_manifest(image.config, image.descriptors);
    return files;
  }
  files[image.id.substr(7) + ".json"] = image.config;
  for (size_t i = 0; i < image.layers.size(); ++i) {
    const std::string old_name = to_hex(ByteView(image.diff_ids[i].bytes).subspan(16)) + "/layer.tar";
    add(names_saved_layers ? blob_path(image.diff_ids[i]) : old_name, image.layers[i]);
  }
  return files;
}

const Bytes* FakeEngine::layer_of_chain(const Digest& chain_id) {
  for (const Image& image : images_) {
    const std::vector<Digest> chains = chain_ids(image.diff_ids);
    const auto found = std::find(chains.begin(), chains.end(), chain_id);
    if (found != chains.end()) return &image.layers[static_cast<size_t>(found - chains.begin())];
  }
  return nullptr;
}

const Bytes* FakeEngine::layer(const Digest& diff_id) {
  for (const Image& image : images_) {
    const auto found = std::find(image.diff_ids.begin(), image.diff_ids.end(), diff_id);
    if (found != image.diff_ids.end()) return &image.layers[static_cast<size_t>(found - image.diff_ids.begin())];
  }
  return nullptr;
}

std::vector<std::string> FakeEngine::load(Source& archive) {
  if (before_load) before_load();
  std::map<std::string, Bytes> files;
  std::string last;
  read_archive(archive, [&](const ArchiveEntry& entry, Source& content) {
    MemorySink sink;
    copy(content, sink);
    files[entry.path] = std::move(sink.bytes());
    last = entry.path;
  });
  const std::lock_guard lock(mutex_);
  ++loads;
  files_loaded = files.size();
  if (last != "oci-layout") throw Error(ExitCode::engine, "the archive does not end with oci-layout");
  const auto items = parse_manifest_json(files.at("manifest.json"), ExitCode::engine);
  Image image;
  image.config = files.at(items.at(0).config);
  const ImageConfig config = parse_config(image.config, ExitCode::engine);
  image.diff_ids = config.diff_ids;
  image.created = config.created;
  layers_loaded = 0;
  if (containerd_store) {
    take_blobs(image, files);
  } else {
    image.id = Digest::of(image.config).text();
    take_layers(image, files, items.at(0).layers);
  }
  if (!lies_about_loading && find(image.id) == nullptr) images_.push_back(image);
  return {image.id};
}

void FakeEngine::take_layers(Image& image, const std::map<std::string, Bytes>& files,
                             const std::vector<std::string>& paths) {
  const std::vector<Digest> chains = chain_ids(image.diff_ids);
  for (size_t i = 0; i < chains.size(); ++i) {
    const auto file = files.find(paths.at(i));
    layers_loaded += file != files.end();
    if (const Bytes* present = takes_any_layer ? layer(image.diff_ids[i]) : layer_of_chain(chains[i])) {
      image.layers.push_back(*present);
      continue;
    }
    if (file == files.end()) throw Error(ExitCode::engine, "open " + paths.at(i) + ": no such file or directory");
    if (Digest::of(file->second) != image.diff_ids[i]) throw Error(ExitCode::engine, "invalid diffID");
    image.layers.push_back(file->second);
  }
}

const Bytes* FakeEngine::stored_blob(const Digest& digest) {
  for (const Image& image : images_) {
    for (const Bytes& blob : image.blobs) {
      if (Digest::of(blob) == digest) return &blob;
    }
  }
  return nullptr;
}

void FakeEngine::take_blobs(Image& image, const std::map<std::string, Bytes>& files) {
  const auto index = nlohmann::json::parse(files.at("index.json"));
  image.id = index.at("manifests").at(0).at("digest");
  const auto manifest = find_manifest(files.at(blob_path(Digest::parse(image.id))));
  image.descriptors = manifest.value().layers;
  for (size_t i = 0; i < image.descriptors.size(); ++i) {
    const Descriptor& descriptor = image.descriptors[i];
    const auto file = files.find(blob_path(descriptor.digest));
    const Bytes* blob = file != files.end()     ? &file->second
                        : refuses_partial_loads ? nullptr
                                                : stored_blob(descriptor.digest);
    if (blob == nullptr) throw Error(ExitCode::engine, "content digest " + descriptor.digest.text() + ": not found");
    layers_loaded += file != files.end();
    if (Digest::of(*blob) != descriptor.digest || blob->size() != descriptor.size) {
      throw Error(ExitCode::engine, "unexpected commit digest");
    }
    const bool compressed = descriptor.media_type == kZstdMediaType;
    image.blobs.push_back(*blob);
    image.layers.push_back(compressed ? zstd_decompress(*blob, 1 << 30) : *blob);
    if (Digest::of(image.layers.back()) != image.diff_ids.at(i)) throw Error(ExitCode::engine, "wrong diff id");
  }
}

void FakeEngine::tag(const std::string& id, const Reference& name) {
  const std::lock_guard lock(mutex_);
  Image* target = find(id);
  if (target == nullptr) throw Error(ExitCode::image, "no such image " + id);
  if (refuses_names) throw Error(ExitCode::engine, "not today");
  for (Image& image : images_) std::erase(image.names, name);
  target->names.push_back(name);
}

void FakeEngine::remove_untagged(const std::string& id) {
  const std::lock_guard lock(mutex_);
  std::erase_if(images_, [&](const Image& image) { return image.id == id && image.names.empty(); });
}

}  // namespace docker_sync
