// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/legacy_layers.h"

#include <nlohmann/json.hpp>

namespace docker_sync {

namespace {

using Json = nlohmann::json;

/// The folder of a file of that name, right below the archive's root; empty for any other.
std::string_view folder_of(std::string_view path, std::string_view name) {
  const size_t slash = path.find('/');
  return slash != std::string_view::npos && path.substr(slash + 1) == name ? path.substr(0, slash) : std::string_view();
}

std::string text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

void LegacyLayers::add(std::string_view path, ByteView content) {
  const std::string_view folder = folder_of(path, "json");
  if (folder.empty()) return;
  const Json json = Json::parse(content.begin(), content.end(), nullptr, false);
  if (!json.is_object() || text_of(json, "id") != folder) return;
  folders_[std::string(folder)] = {text_of(json, "parent"), !text_of(json, "architecture").empty()};
}

std::optional<size_t> LegacyLayers::number_of(std::string_view path, size_t layers) const {
  auto at = folders_.find(folder_of(path, "layer.tar"));
  if (at != folders_.end() && at->second.has_platform && layers > 0) return layers - 1;
  for (size_t number = 0; at != folders_.end() && number < layers; ++number) {
    if (at->second.parent.empty()) return number;
    at = folders_.find(at->second.parent);
  }
  return std::nullopt;
}

}  // namespace docker_sync
