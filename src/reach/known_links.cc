// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "reach/known_links.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "endpoint/cache_folder.h"

namespace docker_sync {

namespace {

std::string name_of(const std::string& from, const std::string& to) {
  return Digest::of(as_bytes(from + "\n" + to)).hex().substr(0, 32);
}

std::optional<uint64_t> find_rate(const std::string& folder, const std::string& name) {
  const auto word = find_word(folder, name);
  if (!word) return std::nullopt;
  uint64_t rate = 0;
  const auto [end, error] = std::from_chars(word->data(), word->data() + word->size(), rate);
  return error == std::errc() && end == word->data() + word->size() ? std::optional(rate) : std::nullopt;
}

}  // namespace

KnownLinks KnownLinks::of_user() { return KnownLinks(folder_in_cache(default_cache_folder(), "links")); }

LinkRate KnownLinks::find(const std::string& from, const std::string& to) const {
  if (folder_.empty()) return {};
  for (const std::string& name : {name_of(from, to), name_of(to, from)}) {
    if (const auto rate = find_rate(folder_, name)) return {*rate, false};
  }
  return {};
}

void KnownLinks::store(const std::string& from, const std::string& to, const LinkRate& rate) const {
  if (folder_.empty() || rate.bytes_per_second == 0) return;
  const std::string name = name_of(from, to);
  const auto known = find_rate(folder_, name);
  if (known && *known >= rate.bytes_per_second && (!rate.saturated || *known / 2 < rate.bytes_per_second)) return;
  keep_word(folder_, name, std::to_string(rate.bytes_per_second), most_);
}

}  // namespace docker_sync
