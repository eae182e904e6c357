// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What an endpoint tells of one image: enough to compare it with an image elsewhere (its identity), to say which of
// two is newer, and to find its layers. Engine IDs are kept to address the image at its own engine, nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "image/digest.h"
#include "image/reference.h"

namespace docker_sync {

/// Two images are the same when their identities are equal; the engine's ID depends on its store.
struct Identity {
  std::optional<Digest> config;  ///< sha256 of the config; containerd stores do not show it
  std::vector<Digest> diff_ids;  ///< base first
  std::string fingerprint;       ///< Os, Architecture, Created and Config without empty keys, as canonical JSON

  /// By config digest where both have one, else by diff_ids and fingerprint; without layers, not then.
  [[nodiscard]] bool same_as(const Identity& other) const;
};

struct ImageInfo {
  std::string id;                ///< the engine's own
  std::vector<Reference> names;  ///< empty: dangling
  Identity identity;
  std::string created;  ///< RFC 3339, as the engine says; may be empty
  uint64_t size = 0;    ///< bytes of all layers, as the engine says
};

}  // namespace docker_sync
