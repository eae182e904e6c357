// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Any blob: it comes out as the tar inside, the same however it is cut, or is refused as the image's fault. What may
// be a manifest or a config is one or none.
#include <cstdlib>

#include "base/error.h"
#include "image/config.h"
#include "image/layer_blob.h"

using namespace docker_sync;

namespace {

constexpr size_t kMost = 4 << 20;  ///< a few bytes may become gigabytes of zeros

/// Nothing, too, of one that is refused or too large.
Bytes tar_in(ByteView blob, size_t at_a_time) {
  MemorySource below(blob);
  Bytes tar, block(at_a_time);
  try {
    LayerBlob layer(below);
    while (const size_t count = layer.read(block)) {
      tar.insert(tar.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(count));
      if (tar.size() > kMost) return {};
    }
  } catch (const Error& error) {
    if (error.code() != ExitCode::image) std::abort();
    return {};
  }
  return tar;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView blob(data, size);
  if (tar_in(blob, 64 << 10) != tar_in(blob, 997)) std::abort();
  if (find_manifest(blob) && find_manifest(blob)->layers.size() > kMaxLayers) std::abort();
  if (find_config(blob) && find_config(blob)->diff_ids.size() > kMaxLayers) std::abort();
  return 0;
}
