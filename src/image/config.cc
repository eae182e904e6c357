// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/config.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string_view>

namespace docker_sync {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

const std::string kBlobs = "blobs/sha256/";
constexpr const char* kIndexMediaType = "application/vnd.oci.image.index.v1+json";

/// Reads values out of a JSON file, blaming whoever gave it.
class Reader {
 public:
  Reader(const char* what, ExitCode blame) : what_(what), blame_(blame) {}

  [[noreturn]] void refuse(const std::string& why) const { throw Error(blame_, std::string(what_) + " " + why); }

  /// Keeps only the named members of objects at that depth, so that a hostile file costs no more than its own size.
  json parse(ByteView bytes, int depth, std::initializer_list<std::string_view> members) const {
    if (bytes.size() > kMaxMetadata) refuse("is larger than 8 MiB");
    const auto keep = [&](int at, json::parse_event_t event, json& value) {
      if (event != json::parse_event_t::key || at != depth) return at <= depth + 3;
      return std::find(members.begin(), members.end(), value.get_ref<const std::string&>()) != members.end();
    };
    json document = json::parse(bytes.begin(), bytes.end(), keep, false);
    if (document.is_discarded()) refuse("is not valid JSON");
    return document;
  }

  /// The member, or nothing if it is missing or null.
  const json* member(const json& object, const char* name) const {
    if (!object.is_object()) refuse("is not the object it must be");
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
  }

  const json& needed_member(const json& object, const char* name) const {
    const json* value = member(object, name);
    if (value == nullptr) refuse(std::string("has no ") + name);
    return *value;
  }

  std::string text(const json& value, const char* name) const {
    if (!value.is_string()) refuse(std::string("has no text as ") + name);
    return value.get<std::string>();
  }

  std::string text_or_empty(const json& object, const char* name) const {
    const json* value = member(object, name);
    return value == nullptr ? "" : text(*value, name);
  }

  std::vector<std::string> texts(const json& object, const char* name, size_t limit) const {
    const json* list = member(object, name);
    if (list == nullptr) return {};  // Go writes an empty list as null
    if (!list->is_array()) refuse(std::string("has no list as ") + name);
    if (list->size() > limit) refuse(std::string("has too many ") + name);
    std::vector<std::string> result;
    for (const json& value : *list) result.push_back(text(value, name));
    return result;
  }

 private:
  const char* what_;
  ExitCode blame_;
};

Descriptor descriptor_of(const Reader& reader, const json& object) {
  const json& size = reader.needed_member(object, "size");
  if (!size.is_number_unsigned()) reader.refuse("has no number as size");
  return {Digest::parse(reader.text(reader.needed_member(object, "digest"), "digest")), size.get<uint64_t>(),
          reader.text_or_empty(object, "mediaType")};
}

ordered_json descriptor(const char* media_type, const Digest& digest, uint64_t size) {
  return {{"mediaType", media_type}, {"digest", digest.text()}, {"size", size}};
}

Bytes bytes_of(const ordered_json& document) {
  // A media type may be anything that an engine or a peer says.
  const std::string text = document.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  const ByteView bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

ImageConfig parse_config(ByteView bytes, ExitCode blame) {
  const Reader reader("the image's config", blame);
  const json document = reader.parse(bytes, 1, {"rootfs", "os", "architecture", "created"});
  ImageConfig config;
  config.os = reader.text_or_empty(document, "os");
  config.architecture = reader.text_or_empty(document, "architecture");
  config.created = reader.text_or_empty(document, "created");
  for (const std::string& diff_id : reader.texts(reader.needed_member(document, "rootfs"), "diff_ids", kMaxLayers)) {
    try {
      config.diff_ids.push_back(Digest::parse(diff_id));
    } catch (const Error&) {
      reader.refuse("names a layer by what is no sha256 digest");
    }
  }
  return config;
}

std::vector<ManifestItem> parse_manifest_json(ByteView bytes, ExitCode blame) {
  const Reader reader("the save archive's manifest.json", blame);
  const json document = reader.parse(bytes, 2, {"Config", "RepoTags", "Layers"});
  if (!document.is_array()) reader.refuse("is not a list");
  if (document.size() > kMaxNames) reader.refuse("has too many images");
  std::vector<ManifestItem> items;
  for (const json& image : document) {
    ManifestItem& item = items.emplace_back();
    item.config = reader.text(reader.needed_member(image, "Config"), "Config");
    item.repo_tags = reader.texts(image, "RepoTags", kMaxNames);
    item.layers = reader.texts(image, "Layers", kMaxLayers);
  }
  return items;
}

std::optional<ImageManifest> find_manifest(ByteView blob) {
  try {
    const Reader reader("the manifest", ExitCode::image);
    const json document = reader.parse(blob, 1, {"config", "layers"});
    ImageManifest manifest;
    manifest.config = descriptor_of(reader, reader.needed_member(document, "config")).digest;
    const json& layers = reader.needed_member(document, "layers");
    if (!layers.is_array() || layers.size() > kMaxLayers) return std::nullopt;
    for (const json& layer : layers) manifest.layers.push_back(descriptor_of(reader, layer));
    return manifest;
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<ImageConfig> find_config(ByteView blob) {
  try {
    return parse_config(blob, ExitCode::image);
  } catch (const Error&) {
    return std::nullopt;
  }
}

Bytes oci_manifest(ByteView config, std::span<const Descriptor> layers) {
  ordered_json list = ordered_json::array();
  for (const Descriptor& layer : layers) list.push_back(descriptor(layer.media_type.c_str(), layer.digest, layer.size));
  return bytes_of({{"schemaVersion", 2},
                   {"mediaType", kManifestMediaType},
                   {"config", descriptor(kConfigMediaType, Digest::of(config), config.size())},
                   {"layers", std::move(list)}});
}

Bytes docker_manifest(std::span<const SavedItem> images) {
  ordered_json items = ordered_json::array();
  for (const SavedItem& image : images) {
    ordered_json paths = ordered_json::array();
    for (const Descriptor& layer : image.layers) paths.push_back(blob_path(layer.digest));
    items.push_back({{"Config", blob_path(image.config)}, {"RepoTags", nullptr}, {"Layers", std::move(paths)}});
  }
  return bytes_of(items);
}

Bytes oci_index(ByteView manifest) {
  return bytes_of(
      {{"schemaVersion", 2},
       {"mediaType", kIndexMediaType},
       {"manifests", ordered_json::array({descriptor(kManifestMediaType, Digest::of(manifest), manifest.size())})}});
}

Bytes oci_layout() { return bytes_of({{"imageLayoutVersion", "1.0.0"}}); }

std::string blob_path(const Digest& digest) { return kBlobs + digest.hex(); }

std::optional<Digest> blob_at(std::string_view path) {
  if (!path.starts_with(kBlobs)) return std::nullopt;
  try {
    return Digest::parse("sha256:" + std::string(path.substr(kBlobs.size())));
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace docker_sync
