// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/oci_index.h"

#include <sys/utsname.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.h"

namespace docker_sync {

namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 32;
constexpr const char* kFullName = "io.containerd.image.name";
constexpr const char* kAttestation = "unknown/unknown";
constexpr const char* kRefName = "org.opencontainers.image.ref.name";

[[noreturn]] void refuse(const std::string& why) { throw Error(ExitCode::engine, "index.json " + why); }

/// The text under a key, or nothing.
std::string text_at(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto value = object.find(key);
  return value != object.end() && value->is_string() ? value->get<std::string>() : "";
}

std::optional<Reference> parse_name(const std::string& name) {
  try {
    return Reference::parse(name);
  } catch (const Error& error) {
    verbose("passing over the image name '" + name + "': " + error.failure());
    return std::nullopt;
  }
}

std::optional<Reference> name_of(const Json& entry, const std::string& repository) {
  const auto annotations = entry.find("annotations");
  if (annotations == entry.end()) return std::nullopt;
  if (const std::string full = text_at(*annotations, kFullName); !full.empty()) return parse_name(full);
  const std::string name = text_at(*annotations, kRefName);
  if (name.empty()) return std::nullopt;
  // Most programs put the tag there, and leave it to the folder to say of what.
  return parse_name(name.find_first_of("/:") == name.npos ? repository + ":" + name : name);
}

std::string platform_of(const Json& entry) {
  const auto platform = entry.find("platform");
  return platform == entry.end() ? "" : text_at(*platform, "os") + "/" + text_at(*platform, "architecture");
}

std::string own_platform() {
  utsname machine{};
  ::uname(&machine);
  const std::string name = machine.machine;
  return "linux/" + (name == "x86_64" ? "amd64" : name == "aarch64" ? "arm64" : name);
}

Descriptor blob_of(const Json& entry) {
  const auto size = entry.find("size");
  if (size == entry.end() || !size->is_number_unsigned()) refuse("has an entry without a size");
  try {
    return {Digest::parse(text_at(entry, "digest")), size->get<uint64_t>(), text_at(entry, "mediaType")};
  } catch (const Error&) {
    refuse("has an entry without a sha256 digest");
  }
}

}  // namespace

struct OciIndex::Document {
  Json json;
  Json& manifests() { return json["manifests"]; }
};

OciIndex::OciIndex() : document_(std::make_unique<Document>()) {
  document_->json = {
      {"schemaVersion", 2}, {"mediaType", "application/vnd.oci.image.index.v1+json"}, {"manifests", Json::array()}};
}

OciIndex::OciIndex(ByteView json, std::string repository)
    : document_(std::make_unique<Document>()), repository_(std::move(repository)) {
  if (json.size() > kMaxMetadata) refuse("is larger than 8 MiB");
  const auto not_too_deep = [](int depth, Json::parse_event_t, Json&) {
    if (depth > kMaxDepth) refuse("is nested too deeply");
    return true;
  };
  Json& document = document_->json;
  document = Json::parse(json.begin(), json.end(), not_too_deep, false);
  if (!document.is_object()) refuse("is not the JSON object it must be");
  Json& manifests = document_->manifests();
  if (manifests.is_null()) manifests = Json::array();
  if (!manifests.is_array()) refuse("has no list of manifests");
  for (const Json& entry : manifests) {
    if (!entry.is_object()) refuse("has an entry that is no object");
    (void)blob_of(entry);
  }
}

OciIndex::~OciIndex() = default;
OciIndex::OciIndex(OciIndex&&) noexcept = default;

std::vector<OciIndex::Entry> OciIndex::entries() const {
  std::vector<Entry> entries;
  for (const Json& entry : document_->manifests()) {
    entries.push_back({blob_of(entry), name_of(entry, repository_), platform_of(entry)});
  }
  return entries;
}

std::vector<OciIndex::Entry> OciIndex::platforms() const {
  std::vector<Entry> images = entries();
  std::erase_if(images, [](const Entry& one) { return one.platform == kAttestation; });
  std::stable_partition(images.begin(), images.end(),
                        [own = own_platform()](const Entry& one) { return one.platform == own; });
  return images;
}

void OciIndex::remove_if(auto condition) {
  Json kept = Json::array();
  for (Json& entry : document_->manifests()) {
    if (!condition(entry)) kept.push_back(std::move(entry));
  }
  document_->manifests() = std::move(kept);
}

void OciIndex::add(const Descriptor& manifest) {
  for (const Json& entry : document_->manifests()) {
    if (blob_of(entry).digest == manifest.digest) return;
  }
  document_->manifests().push_back(
      {{"mediaType", manifest.media_type}, {"digest", manifest.digest.text()}, {"size", manifest.size}});
}

void OciIndex::add(const Descriptor& manifest, const Reference& name) {
  // What other programs said of it (its platform, annotations) holds under the new name as well.
  Json added = {{"mediaType", manifest.media_type}, {"digest", manifest.digest.text()}, {"size", manifest.size}};
  for (const Json& entry : document_->manifests()) {
    if (blob_of(entry).digest == manifest.digest) added = entry;
  }
  remove_if([&](const Json& entry) {
    const auto its_name = name_of(entry, repository_);
    return its_name ? *its_name == name : blob_of(entry).digest == manifest.digest;
  });
  added["annotations"][kFullName] = name.full();
  added["annotations"][kRefName] = name.familiar();
  document_->manifests().push_back(std::move(added));
}

void OciIndex::remove_unnamed(const Digest& manifest) {
  remove_if([&](const Json& entry) { return blob_of(entry).digest == manifest && !name_of(entry, repository_); });
}

Bytes OciIndex::json() const {
  const std::string text = document_->json.dump(-1, ' ', false, Json::error_handler_t::replace);
  const ByteView bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

}  // namespace docker_sync
