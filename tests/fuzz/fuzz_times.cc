// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A peer's times put into a gap's headers: whatever they are, as many bytes come out, and only times differ.
#include <cstdlib>

#include "base/error.h"
#include "image/entry_times.h"

using namespace docker_sync;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const size_t times = size == 0 ? 0 : std::min<size_t>(data[0], size - 1);
  const Bytes gap(data + std::min(size, times + 1), data + size);
  Bytes changed = gap, without = gap;
  (void)take_times(without);
  try {
    TimeDecoder decoder;
    decoder.feed(Bytes(data + std::min<size_t>(size, 1), data + std::min(size, times + 1)));
    replace_times(changed, [&] { return decoder.next(); });
  } catch (const Error& error) {
    if (error.code() != ExitCode::protocol) std::abort();
    return 0;
  }
  (void)take_times(changed);
  if (changed != without) std::abort();
  return 0;
}
