// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Which images of an inventory matter to a controller that asks for some (Query): a targeted sync should not cost an
// inventory of hundreds of images.
#pragma once

#include <vector>

#include "image/image_info.h"
#include "wire/message.h"

namespace docker_sync {

/// Those with one of the names or in one of their repositories; for each chain the one that shares the longest prefix
/// with it, and one for each of its further layers.
[[nodiscard]] std::vector<ImageInfo> relevant_images(std::vector<ImageInfo> images, const Query& query);

}  // namespace docker_sync
