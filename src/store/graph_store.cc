// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/graph_store.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/error.h"
#include "base/log.h"
#include "store/split_tar.h"

namespace docker_sync {

namespace {

struct Driver {
  std::string_view name, before, after;  ///< of the layer's folder
};
constexpr std::array kDrivers{Driver{"overlay2", "/overlay2/", "/diff"},
                              Driver{"fuse-overlayfs", "/fuse-overlayfs/", "/diff"}, Driver{"vfs", "/vfs/dir/", ""}};

const Driver* find_driver(const std::string& name) {
  const auto found = std::ranges::find(kDrivers, name, &Driver::name);
  return found == kDrivers.end() ? nullptr : &*found;
}

}  // namespace

bool GraphStore::knows(const std::string& driver) { return find_driver(driver) != nullptr; }

std::optional<StoredImage> GraphStore::image(const ImageInfo& info) {
  if (!info.identity.config) return std::nullopt;
  const Digest& digest = *info.identity.config;
  const auto text = find_text(*files_, root_ + "/image/" + driver_ + "/imagedb/content/sha256/" + digest.hex());
  if (!text) return std::nullopt;
  const ByteView bytes = as_bytes(*text);
  auto config = find_config(bytes);
  if (!config || Digest::of(bytes) != digest) return std::nullopt;
  return StoredImage{Bytes(bytes.begin(), bytes.end()), std::move(config->diff_ids), {}};
}

std::unique_ptr<RandomAccess> GraphStore::layer(const ImageInfo& info, size_t number) {
  const std::span<const Digest> diff_ids = info.identity.diff_ids;
  try {
    return open(chain_ids(diff_ids.first(number + 1)).back(), diff_ids[number]);
  } catch (const Error& error) {
    verbose("layer " + diff_ids[number].brief() + " cannot be read in place: " + error.what());
    return nullptr;
  }
}

std::unique_ptr<RandomAccess> GraphStore::open(const Digest& chain, const Digest& diff_id) const {
  const std::string about = root_ + "/image/" + driver_ + "/layerdb/sha256/" + chain.hex();
  const auto folder = find_text(*files_, about + "/cache-id"), diff = find_text(*files_, about + "/diff");
  if (!folder || !is_plain_name(*folder) || diff != diff_id.text()) return nullptr;
  const Driver& driver = *find_driver(driver_);
  return open_split_tar(*files_, root_ + std::string(driver.before) + *folder + std::string(driver.after), about,
                        "tar-split.json.gz");
}

}  // namespace docker_sync
