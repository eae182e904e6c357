// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/image_json.h"

#include "base/log.h"

namespace docker_sync {

namespace {

constexpr const char* kNoTime = "0001-01-01T00:00:00Z";  ///< how older engines write "not set"

/// What makes a config: the keys that every store keeps. Engines before 28 also show those of the build container
/// (Hostname, Image, …), later ones do not.
constexpr const char* kConfigKeys[] = {"ArgsEscaped", "Cmd",        "Entrypoint", "Env",        "ExposedPorts",
                                       "Healthcheck", "Labels",     "OnBuild",    "Shell",      "StopSignal",
                                       "User",        "Volumes",    "WorkingDir"};

bool is_empty(const Json& value) {
  if (value.is_structured()) return value.empty();
  if (value.is_string()) return value.get_ref<const std::string&>().empty();
  if (value.is_number()) return value == 0;
  return value.is_null() || value == false;
}

/// Engines differ in which empty keys they show; {"80/tcp":{}} and Env's "" mean something, so values stay whole.
void copy_if_meant(Json& to, const Json& from, const char* key) {
  const auto value = from.find(key);
  if (value != from.end() && !is_empty(*value)) to[key] = *value;
}

std::string created_time(const Json& image) {
  const std::string created = string_or_empty(image, "Created");
  return created == kNoTime ? "" : created;
}

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
  return interpret(json, what,
      [](const Json& answer) {
        std::vector<std::string> ids;
        for (const Json& image : answer) ids.push_back(image.at("Id"));
        return ids;
      },
      only_ids);
}

std::string fingerprint(const Json& image) {
  Json essence = Json::object();
  for (const char* key : {"Architecture", "Os", "Variant"}) copy_if_meant(essence, image, key);
  if (const std::string created = created_time(image); !created.empty()) essence["Created"] = created;
  if (const auto config = image.find("Config"); config != image.end() && config->is_object()) {
    Json kept = Json::object();
    for (const char* key : kConfigKeys) copy_if_meant(kept, *config, key);
    if (!kept.empty()) essence["Config"] = kept;
  }
  // Keys come out sorted. Text that is no UTF-8 cannot make it throw.
  return essence.dump(-1, ' ', false, Json::error_handler_t::replace);
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
  image.info.identity.fingerprint = fingerprint(json);
  image.info.created = created_time(json);
  if (const auto size = json.find("Size"); size != json.end() && size->is_number_unsigned()) image.info.size = *size;
  return image;
}

}  // namespace docker_sync
