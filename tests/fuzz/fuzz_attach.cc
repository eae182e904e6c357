// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A daemon's stream from a container: however it is cut into pieces, the same output comes, or the same refusal.
#include <cstdlib>

#include "base/error.h"
#include "engine/attach_decoder.h"

using namespace docker_sync;

namespace {

struct Decoded {
  Bytes output;
  std::string errors;
  bool refused = false;
  bool operator==(const Decoded&) const = default;
};

Decoded decode(ByteView raw, size_t piece) {
  Decoded result;
  AttachDecoder decoder;
  Bytes block(13);
  try {
    while (!raw.empty()) {
      const ByteView next = raw.first(std::min(piece, raw.size()));
      raw = raw.subspan(next.size());
      decoder.feed(next);
      while (const size_t count = decoder.take(block)) {
        result.output.insert(result.output.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
      }
    }
  } catch (const Error& error) {
    if (error.code() != ExitCode::protocol) std::abort();
    result.refused = true;
  }
  result.errors = decoder.errors();
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const ByteView raw(data + 1, size - 1);
  if (decode(raw, raw.size() + 1) != decode(raw, size_t{data[0]} + 1)) std::abort();
  return 0;
}
