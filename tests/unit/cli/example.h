// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Images and plans as the tests of this room need them: made of what a user would see.
#pragma once

#include <string>
#include <vector>

#include "sync/sync.h"

namespace docker_sync::example {

/// Its digests are those of the text.
inline Digest digest(const std::string& text) { return Digest::of(as_bytes(text)); }

inline ImageInfo image(const std::string& name, const std::string& created, uint64_t size = 1000) {
  ImageInfo image;
  image.id = digest(name + created).text();
  image.names = {Reference::parse(name)};
  image.identity.config = digest(name + created);
  image.identity.diff_ids = {digest("base"), digest(created)};
  image.created = created;
  image.size = size;
  return image;
}

inline ImagePlan plan(const std::string& name, const ImageInfo& source, const std::vector<ImageInfo>& destination) {
  return plan_image(Reference::parse(name), source, destination);
}

inline constexpr const char* kOld = "2024-05-01T00:00:00Z";
inline constexpr const char* kNew = "2024-05-03T12:00:00.5Z";
inline constexpr time_t kNow = 1714824000;  ///< 2024-05-04T12:00:00Z

}  // namespace docker_sync::example
