// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/known_configs.h"

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
  const auto word = find_word(folder_, id->hex());
  return word ? digest_in(*word) : std::nullopt;
}

void KnownConfigs::store(const std::string& image_id, const Digest& config) const {
  const auto id = digest_in(image_id);
  if (folder_.empty() || !id) return;
  keep_word(folder_, id->hex(), config.text(), most_);
}

}  // namespace docker_sync
