// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The image that the helper's container is made of: the helper alone, as a file system to import. It has no name, and
// is like no other, since an import's config has its time: two runs at the same time do not remove each other's.
#pragma once

#include <string>

#include "base/bytes.h"

namespace docker_sync {

/// The label of the image and of its container, by which those are found that a killed run has left.
inline constexpr const char* kHelperLabel = "docker-sync.helper";

/// Where the helper is in the image.
inline constexpr const char* kHelperPath = "/docker-sync-helper";

/// The image's only layer, as a tar. Memory: the helper once more.
[[nodiscard]] Bytes make_helper_layer(ByteView program);

/// What `uname -m` says on machines of that architecture, as Docker has it ("amd64"); empty for one that we do not
/// know.
[[nodiscard]] std::string machine_of(const std::string& architecture);

}  // namespace docker_sync
