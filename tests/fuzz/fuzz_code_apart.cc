// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Any content as the code of a program: its form makes it again.
#include <algorithm>
#include <cstdlib>

#include "delta/code_form.h"
#include "unit/delta/program.h"

using namespace docker_sync;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const SpoolSpace space("/var/tmp", size_t{64} << 20);
  // Half of them as they come: headers are read, too.
  const ByteView bytes(data, size);
  const Bytes content = size > 0 && data[0] % 2 == 0 ? programs::program(bytes) : Bytes(bytes.begin(), bytes.end());
  const auto form = take_code_apart(MemoryFile(content), space);
  if (!form) return 0;
  if (form->form->size() >= 2 * content.size()) std::abort();
  MemorySink made;
  put_code_together(form->recipe, *form->form, content.size(), made);
  if (made.bytes() != content) std::abort();
  return 0;
}
