// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Any blob: it is refused as damage of the store, or the end of its tar reads from a check point as it did from the
// beginning. Where its sums are right, too, it is the tar that image/layer_blob.h has of it.
#include <cstdlib>

#include "base/error.h"
#include "image/layer_blob.h"
#include "store/gzip_file.h"

using namespace docker_sync;

namespace {

Bytes part(const RandomAccess& file, uint64_t offset, uint64_t size) {
  Bytes bytes(static_cast<size_t>(size));
  file.read_at(offset, bytes);
  return bytes;
}

void check_against_layer_blob(ByteView blob, const Bytes& tar) {
  MemorySource below(blob);
  MemorySink sink;
  try {
    LayerBlob layer(below);
    if (layer.form() != BlobForm::gzip) return;
    copy(layer, sink);
  } catch (const Error&) {
    return;
  }
  if (sink.bytes() != tar) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView blob(data, size);
  try {
    const GzipFile file(std::make_unique<MemoryFile>(blob));
    const uint64_t half = file.size() / 2;
    const Bytes tar = part(file, 0, file.size());
    if (Digest::of(tar) != file.digest()) std::abort();
    if (part(file, half, file.size() - half) != part(MemoryFile(tar), half, tar.size() - half)) std::abort();
    check_against_layer_blob(blob, tar);
  } catch (const Error& error) {
    if (error.code() != ExitCode::verification) std::abort();
  }
  return 0;
}
