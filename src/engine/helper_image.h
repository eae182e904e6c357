// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The image that the helper's container is made of: the helper alone, as an archive to load. It has no name, and is
// like no other: two runs at the same time do not remove each other's.
#pragma once

#include <memory>
#include <string>

#include "base/io.h"

namespace docker_sync {

/// The label of the image and of its container, by which those are found that a killed run has left.
inline constexpr const char* kHelperLabel = "docker-sync.helper";

/// Where the helper is in the image.
inline constexpr const char* kHelperPath = "/docker-sync-helper";

/// `architecture` as Docker has it ("amd64"); `nonce` in it sets this image apart; `now` in seconds since 1970. Memory:
/// the helper.
[[nodiscard]] std::unique_ptr<Source> make_helper_image(ByteView program, const std::string& architecture,
                                                        const std::string& nonce, int64_t now);

/// What `uname -m` says on machines of that architecture; empty for one that we do not know.
[[nodiscard]] std::string machine_of(const std::string& architecture);

}  // namespace docker_sync
