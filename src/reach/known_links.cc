// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "reach/known_links.h"

#include <unistd.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "endpoint/cache_folder.h"

namespace docker_sync {

namespace {

std::string name_of(const std::string& from, const std::string& to) {
  return Digest::of(as_bytes(from + "\n" + to)).hex().substr(0, 32);
}

std::optional<uint64_t> rate_in(const std::string& path) {
  char target[32];
  const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
  if (size <= 0) return std::nullopt;
  uint64_t rate = 0;
  const auto [end, error] = std::from_chars(target, target + size, rate);
  return error == std::errc() && end == target + size ? std::optional(rate) : std::nullopt;
}

}  // namespace

KnownLinks KnownLinks::of_user() { return KnownLinks(folder_in_cache(default_cache_folder(), "links")); }

LinkRate KnownLinks::find(const std::string& from, const std::string& to) const {
  if (folder_.empty()) return {};
  for (const std::string& name : {name_of(from, to), name_of(to, from)}) {
    if (const auto rate = rate_in(folder_ + "/" + name)) return {*rate, false};
  }
  return {};
}

void KnownLinks::store(const std::string& from, const std::string& to, const LinkRate& rate) const {
  if (folder_.empty() || rate.bytes_per_second == 0) return;
  const std::string path = folder_ + "/" + name_of(from, to);
  const auto known = rate_in(path);
  if (known && *known >= rate.bytes_per_second && (!rate.saturated || *known / 2 < rate.bytes_per_second)) return;
  make_folders(folder_);
  const std::vector<std::string> kept = files_in(folder_);
  if (!known && kept.size() >= most_) {
    for (const std::string& name : kept) ::unlink((folder_ + "/" + name).c_str());
  }
  ::unlink(path.c_str());
  (void)!::symlink(std::to_string(rate.bytes_per_second).c_str(), path.c_str());
}

}  // namespace docker_sync
