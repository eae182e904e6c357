// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/containers_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/log.h"
#include "store/split_tar.h"

namespace docker_sync {

namespace {

using Json = nlohmann::json;

/// Of some hundred bytes for each layer.
constexpr size_t kMaxListBytes = 64 << 20;

std::string text_at(const Json& object, const char* key) {
  const auto value = object.find(key);
  return value != object.end() && value->is_string() ? value->get<std::string>() : "";
}

std::multimap<std::string, std::string> parse_layers(const std::string& text) {
  // [ { "id": … } ]: of a layer only what we need.
  const auto needed = [](int depth, Json::parse_event_t event, const Json& value) {
    return event != Json::parse_event_t::key || (depth == 2 && (value == "id" || value == "diff-digest"));
  };
  std::multimap<std::string, std::string> layers;
  const Json list = Json::parse(text, needed, false);
  if (!list.is_array()) return layers;
  for (const Json& layer : list) {
    const std::string id = text_at(layer, "id"), diff_id = text_at(layer, "diff-digest");
    // One that a container writes to has no digest.
    if (!diff_id.empty() && is_plain_name(id)) layers.emplace(diff_id, id);
  }
  return layers;
}

}  // namespace

bool ContainersStore::knows(const std::string& driver) { return driver == "overlay" || driver == "vfs"; }

ContainersStore::ContainersStore(std::string root, std::string driver)
    : root_(std::move(root)),
      driver_(std::move(driver)),
      layers_folder_(root_ + "/" + driver_ + "-layers"),
      lists_{List{"layers.json"}, List{"volatile-layers.json"}} {}

std::optional<StoredImage> ContainersStore::image(const ImageInfo& image) {
  try {
    const Digest id = Digest::parse(image.id);
    const auto text = find_text(root_ + "/" + driver_ + "-images/" + id.hex() + "/=" + to_base64(as_bytes(id.text())));
    if (!text) return std::nullopt;
    const ByteView bytes = as_bytes(*text);
    auto config = find_config(bytes);
    if (!config || Digest::of(bytes) != id) return std::nullopt;
    return StoredImage{Bytes(bytes.begin(), bytes.end()), std::move(config->diff_ids), {}};
  } catch (const Error& error) {
    verbose("image " + image.id + " cannot be read in place: " + error.what());
    return std::nullopt;
  }
}

std::unique_ptr<RandomAccess> ContainersStore::layer(const ImageInfo& image, size_t number) {
  if (number >= image.identity.diff_ids.size()) return nullptr;
  const Digest& diff_id = image.identity.diff_ids[number];
  try {
    for (const std::string& id : folders_of(diff_id)) {
      const std::string files = driver_ == "vfs" ? "/vfs/dir/" + id : "/overlay/" + id + "/diff";
      if (auto tar = open_split_tar(*files_, root_ + files, layers_folder_, id + ".tar-split.gz")) return tar;
    }
  } catch (const std::exception& error) {
    verbose("layer " + diff_id.brief() + " cannot be read in place: " + error.what());
  }
  return nullptr;
}

std::vector<std::string> ContainersStore::folders_of(const Digest& diff_id) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> folders;
  for (List& list : lists_) {
    bring_up_to_date(list);
    const auto [begin, end] = list.layers.equal_range(diff_id.text());
    std::transform(begin, end, std::back_inserter(folders), [](const auto& layer) { return layer.second; });
  }
  return folders;
}

void ContainersStore::bring_up_to_date(List& list) const {
  struct stat info {};
  const std::string path = layers_folder_ + "/" + list.name;
  if (::stat(path.c_str(), &info) != 0) info = {};
  const std::array<int64_t, 4> stamp{static_cast<int64_t>(info.st_ino), info.st_size, info.st_mtim.tv_sec,
                                     info.st_mtim.tv_nsec};
  if (stamp == list.stamp) return;
  const auto text = find_text(path, kMaxListBytes);
  list.layers = text ? parse_layers(*text) : std::multimap<std::string, std::string>();
  list.stamp = stamp;
}

}  // namespace docker_sync
