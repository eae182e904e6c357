// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What a store from afar is asked and answers: what is read is written again as the same bytes, or refused.
#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "store/store_frames.h"

using namespace docker_sync;

namespace {

template <class Read, class Write>
void check(ByteView bytes, const Read& read, const Write& write) {
  try {
    StoreFieldReader fields(bytes);
    const auto value = read(fields);
    fields.end();
    if (!std::ranges::equal(write(value).bytes(), bytes)) std::abort();
  } catch (const Error& error) {
    if (error.code() != ExitCode::protocol) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView bytes(data, size);
  check(
      bytes, [](StoreFieldReader& fields) { return fields.image(); },
      [](const ImageInfo& image) { return StoreFields().image(image); });
  check(
      bytes, [](StoreFieldReader& fields) { return fields.stored(); },
      [](const StoredImage& image) { return StoreFields().stored(image); });
  return 0;
}
