// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/image_info.h"

namespace docker_sync {

bool Identity::same_as(const Identity& other) const {
  if (config && other.config) return *config == *other.config;
  // So a store shows an image whose blobs it has lost: it is not known what that is.
  if (diff_ids.empty()) return false;
  return diff_ids == other.diff_ids && fingerprint == other.fingerprint;
}

}  // namespace docker_sync
