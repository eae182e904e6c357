// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/fingerprint.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace docker_sync {

namespace {

using Json = nlohmann::json;

constexpr const char* kNoTime = "0001-01-01T00:00:00Z";  ///< how older engines write "not set"

/// What makes a config: the keys that every store keeps. Engines before 28 also show those of the build container
/// (Hostname, Image, …), later ones do not.
constexpr const char* kConfigKeys[] = {"ArgsEscaped", "Cmd",     "Entrypoint", "Env",   "ExposedPorts",
                                       "Healthcheck", "Labels",  "OnBuild",    "Shell", "StopSignal",
                                       "User",        "Volumes", "WorkingDir"};

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

}  // namespace

std::string created_time(const Json& image) {
  const auto created = image.find("Created");
  if (created == image.end() || created->is_null() || *created == kNoTime) return {};
  return created->get<std::string>();
}

std::string fingerprint_of_description(const Json& image) {
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

std::string fingerprint_of_config(ByteView config) {
  const Json document = Json::parse(config.begin(), config.end());
  Json image = Json::object();
  static constexpr std::pair<const char*, const char*> kNames[] = {{"architecture", "Architecture"},
                                                                   {"os", "Os"},
                                                                   {"variant", "Variant"},
                                                                   {"created", "Created"},
                                                                   {"config", "Config"}};
  for (const auto& [name, engines_name] : kNames) {
    if (const auto value = document.find(name); value != document.end()) image[engines_name] = *value;
  }
  return fingerprint_of_description(image);
}

}  // namespace docker_sync
