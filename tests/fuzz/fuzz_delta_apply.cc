// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A peer's delta: whatever it says, no more comes out than may, and it comes from the basis or from the delta.
#include <cstdlib>

#include "base/error.h"
#include "delta/delta_parts.h"

using namespace docker_sync;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  // The first two bytes say how large the content is.
  const uint64_t content_size = uint64_t{data[0]} << 8 | data[1];
  const Bytes delta(data + 2, data + size);
  const Bytes basis(1000, 7);
  MemorySource source(delta);
  MemorySink content;
  bool accepted = false;
  try {
    apply_delta(MemoryFile(basis), source, content, content_size);
    accepted = true;
  } catch (const Error& error) {
    if (error.code() != ExitCode::protocol) std::abort();
  }
  if (content.bytes().size() > content_size || (accepted && content.bytes().size() != content_size)) std::abort();
  return 0;
}
