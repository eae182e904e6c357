// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What tells images with the same layers apart where their config's digest is not known: containerd stores do not show
// it, and the config itself is shown in every engine's own way. See Identity.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/bytes.h"

namespace docker_sync {

/// Of an image as an engine describes it: Os, Architecture, Variant, Created, Config. Throws nlohmann's exceptions
/// where these are not what they must be.
[[nodiscard]] std::string fingerprint_of_description(const nlohmann::json& image);

/// Of an image's config; the same. REQUIRES: it is one (find_config()). Throws likewise.
[[nodiscard]] std::string fingerprint_of_config(ByteView config);

/// Created, or nothing where it says that it is not set.
[[nodiscard]] std::string created_time(const nlohmann::json& image);

}  // namespace docker_sync
