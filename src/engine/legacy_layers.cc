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

/// The ID that Docker gives to what a folder's `json` says if it is that layer.
std::string folder_of_layer(const Json& json, const Digest& chain_id) {
  std::map<std::string, Json> hashed;  // its members sorted, those of members not
  for (const auto& [key, value] : json.items()) hashed[key] = value;
  hashed.erase("id");
  hashed.erase("os");  // is added when the ID has been made
  hashed["layer_id"] = chain_id.text();
  const auto parent = hashed.find("parent");
  if (parent != hashed.end() && parent->second.is_string()) {
    parent->second = "sha256:" + parent->second.get<std::string>();
  }
  Json text = Json::object();
  for (const auto& [key, value] : hashed) text[key] = value;
  return Digest::of(as_bytes(text.dump())).hex();
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
  for (size_t number = 0; number < chain_ids_.size(); ++number) {
    if (folder_of_layer(json, chain_ids_[number]) == folder) numbers_[std::string(folder)] = number;
  }
}

std::optional<size_t> LegacyLayers::number_of(std::string_view path) const {
  const auto found = numbers_.find(folder_of(path, "layer.tar"));
  return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace docker_sync
