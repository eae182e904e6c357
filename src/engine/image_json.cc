// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/image_json.h"

#include "base/log.h"
#include "image/fingerprint.h"

namespace docker_sync {

namespace {

std::vector<Digest> diff_ids(const Json& image) {
  std::vector<Digest> digests;
  const auto rootfs = image.find("RootFS");
  if (rootfs == image.end() || rootfs->is_null()) return digests;
  for (const std::string& layer : strings(*rootfs, "Layers")) digests.push_back(Digest::parse(layer));
  return digests;
}

std::optional<Reference> parse_name(const std::string& name) {
  if (name.starts_with("<none>")) return std::nullopt;
  try {
    return Reference::parse(name);
  } catch (const Error& error) {
    verbose(fmt::format("passing over the image name '{}': {}", name, error.failure()));
    return std::nullopt;
  }
}

}  // namespace

std::string string_or_empty(const Json& object, const char* key) {
  const auto value = object.find(key);
  return value == object.end() || value->is_null() ? "" : value->get<std::string>();
}

std::vector<std::string> strings(const Json& object, const char* key) {
  const auto value = object.find(key);
  if (value == object.end() || value->is_null()) return {};
  return value->get<std::vector<std::string>>();
}

std::vector<std::string> parse_ids(const std::string& json, const char* what) {
  // [ { "Id": … } ]: the list is depth 0, its images 1; everything else of them is dropped while it is parsed.
  const auto only_ids = [](int depth, Json::parse_event_t event, Json& value) {
    return depth < 2 || (depth == 2 && event == Json::parse_event_t::key ? value == "Id" : true);
  };
  return interpret(
      json, what,
      [](const Json& answer) {
        std::vector<std::string> ids;
        for (const Json& image : answer) ids.push_back(image.at("Id"));
        return ids;
      },
      only_ids);
}

InspectedImage read_image(const Json& json) {
  InspectedImage image;
  image.info.id = json.at("Id");
  for (const std::string& name : strings(json, "RepoTags")) {
    image.has_tag = image.has_tag || !name.starts_with("<none>");
    if (const auto reference = parse_name(name)) image.info.names.push_back(*reference);
  }
  image.has_digest = !strings(json, "RepoDigests").empty();
  image.info.identity.diff_ids = diff_ids(json);
  image.info.identity.fingerprint = fingerprint_of_description(json);
  image.info.created = created_time(json);
  if (const auto size = json.find("Size"); size != json.end() && size->is_number_unsigned()) image.info.size = *size;
  return image;
}

}  // namespace docker_sync
