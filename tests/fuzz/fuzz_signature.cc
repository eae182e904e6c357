// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A peer's signature: refused, or good for a delta that is not much longer than the content.
#include <cstdlib>

#include "base/error.h"
#include "delta/delta_search.h"

using namespace docker_sync;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  // As it came, or behind a good header, so that not every run stops at it.
  Bytes signature;
  if (data[0] % 2 == 1) signature = {64, 2, static_cast<uint8_t>(size / 6 % 4 * 64)};
  signature.insert(signature.end(), data + 1, data + size);
  const Bytes content(300, 0);
  uint64_t made = 0;
  try {
    for (const DeltaPart& part : find_delta(Signature(signature), MemoryFile(content))) made += part.size;
  } catch (const Error& error) {
    if (error.code() != ExitCode::protocol) std::abort();
    return 0;
  }
  if (made != content.size()) std::abort();
  return 0;
}
