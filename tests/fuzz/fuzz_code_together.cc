// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A peer's recipe and code form: whatever they say, no more comes out than may.
#include <cstdlib>

#include "base/error.h"
#include "delta/code_form.h"

using namespace docker_sync;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // First how large the content is, and the recipe.
  if (size < 3 || size - 3 < data[2]) return 0;
  const uint64_t content_size = uint64_t{data[0]} << 8 | data[1];
  const ByteView rest(data + 3, size - 3);
  MemorySink content;
  bool accepted = false;
  try {
    put_code_together(rest.first(data[2]), MemoryFile(rest.subspan(data[2])), content_size, content);
    accepted = true;
  } catch (const Error& error) {
    if (error.code() != ExitCode::protocol) std::abort();
  }
  if (content.bytes().size() > content_size || (accepted && content.bytes().size() != content_size)) std::abort();
  return 0;
}
