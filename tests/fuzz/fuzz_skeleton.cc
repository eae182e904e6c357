// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "fuzz/image_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  docker_sync::fuzz::check_skeleton_block({data, size});
  docker_sync::fuzz::check_skeleton_gaps({data, size});
  return 0;
}
