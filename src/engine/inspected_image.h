// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// An image as its engine describes it when asked for that one.
#pragma once

#include "image/image_info.h"

namespace docker_sync {

struct InspectedImage {
  ImageInfo info;
  bool has_tag = false;     ///< also one that is no name to us
  bool has_digest = false;  ///< has a name that is not a tag: it was pulled or pushed
  bool is_helper = false;   ///< a container of ours is made of it; it is nobody's to sync
};

}  // namespace docker_sync
