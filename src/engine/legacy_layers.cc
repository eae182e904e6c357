// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/legacy_layers.h"

#include <nlohmann/json.hpp>

namespace docker_sync {

namespace {

/// With the members in their order: Docker hashes the text.
using Json = nlohmann::ordered_json;

/// What lies below the topmost layer says next to nothing, in some 600 bytes. No more is written again: that recurses.
constexpr size_t kMostHashed = 4 << 10;

/// The folder of a file of that name, right below the archive's root; empty for any other.
std::string_view folder_of(std::string_view path, std::string_view name) {
  const size_t slash = path.find('/');
  return slash != std::string_view::npos && path.substr(slash + 1) == name ? path.substr(0, slash) : std::string_view();
}

/// What Docker hashes to name a folder, from what the `json` in it says; but for the layer.
Json hashed_form(Json json) {
  json.erase("id");
  json.erase("os");  // is added when the ID has been made
  if (json.contains("parent") && json["parent"].is_string()) {
    json["parent"] = "sha256:" + json["parent"].get<std::string>();
  }
  json["layer_id"] = "";
  std::map<std::string, Json> sorted;  // Its members are, those of members are not.
  for (const auto& [key, value] : json.items()) sorted.emplace(key, value);
  return sorted;
}

}  // namespace

LegacyLayers::LegacyLayers(const std::vector<Digest>& diff_ids) : chain_ids_(chain_ids(diff_ids)) {}

void LegacyLayers::add(std::string_view path, ByteView content) {
  const std::string_view folder = folder_of(path, "json");
  if (folder.empty() || chain_ids_.empty()) return;
  const Json json = Json::parse(content.begin(), content.end(), nullptr, false);
  if (!json.is_object() || json.value("id", Json()) != Json(folder)) return;
  if (json.contains("architecture")) {
    numbers_[std::string(folder)] = chain_ids_.size() - 1;
    return;
  }
  if (content.size() > kMostHashed) return;
  Json hashed = hashed_form(json);
  for (size_t number = 0; number < chain_ids_.size(); ++number) {
    hashed["layer_id"] = chain_ids_[number].text();
    if (Digest::of(as_bytes(hashed.dump())).hex() == folder) numbers_[std::string(folder)] = number;
  }
}

std::optional<size_t> LegacyLayers::number_of(std::string_view path) const {
  const auto found = numbers_.find(folder_of(path, "layer.tar"));
  return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace docker_sync
