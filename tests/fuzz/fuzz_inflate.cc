// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Any content: its forms are not too large, and the exact one makes the content again.
#include <algorithm>
#include <cstdlib>

#include "delta/inflated_form.h"

using namespace docker_sync;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const SpoolSpace space("/var/tmp", size_t{64} << 20);
  const MemoryFile content({data, size});
  const uint64_t most = most_inflated_bytes(size);
  if (const auto form = inflate_all(content, space); form && form->size() > most) std::abort();
  const auto inflated = inflate_exactly(content, DeflateCheck::every_part, space);
  if (!inflated) return 0;
  if (inflated->form->size() > most) std::abort();
  SequentialReader form(*inflated->form);
  MemorySink made;
  deflate_again(inflated->recipe, form, size, made);
  if (!std::equal(made.bytes().begin(), made.bytes().end(), data, data + size)) std::abort();
  return 0;
}
