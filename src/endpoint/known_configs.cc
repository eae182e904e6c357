// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/known_configs.h"

#include <unistd.h>

#include <string_view>

#include "base/error.h"
#include "endpoint/cache_folder.h"

namespace docker_sync {

namespace {

std::optional<Digest> digest_in(std::string_view text) {
  try {
    return Digest::parse(text);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<Digest> KnownConfigs::find(const std::string& image_id) const {
  const auto id = digest_in(image_id);
  if (folder_.empty() || !id) return std::nullopt;
  char target[128];
  const ssize_t size = ::readlink((folder_ + "/" + id->hex()).c_str(), target, sizeof target);
  if (size <= 0) return std::nullopt;
  return digest_in({target, static_cast<size_t>(size)});
}

void KnownConfigs::store(const std::string& image_id, const Digest& config) const {
  const auto id = digest_in(image_id);
  if (folder_.empty() || !id) return;
  make_folders(folder_);
  const std::vector<std::string> kept = files_in(folder_);
  if (kept.size() >= most_) {
    for (const std::string& name : kept) ::unlink((folder_ + "/" + name).c_str());
  }
  const std::string path = folder_ + "/" + id->hex();
  if (find(image_id) != config) ::unlink(path.c_str());
  (void)!::symlink(config.text().c_str(), path.c_str());
}

}  // namespace docker_sync
