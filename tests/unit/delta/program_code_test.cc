// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/program_code.h"

#include <doctest/doctest.h>

#include "base/fd.h"
#include "base/spool.h"
#include "delta/program.h"

using namespace docker_sync;
using namespace docker_sync::programs;

namespace {

using Ranges = std::vector<CodeRange>;

Ranges code_of(const Bytes& content) { return code_of_program(MemoryFile(content)); }

constexpr size_t kBegin = body_offset(2);
const Bytes kBody(1000, 0x90);

}  // namespace

TEST_CASE("the code of a program is in its executable segments, in the order of the file") {
  const Ranges code = {{kBegin, kBegin + 100}, {kBegin + 100, kBegin + 1000}};
  CHECK(code_of(program(kBody, code)) == code);
  CHECK(code_of(program(kBody, {code[1], code[0]})) == code);
}

TEST_CASE("segments without code, or without bytes, hold none") {
  Bytes data = program(kBody, {{kBegin, kBegin + 10}, {kBegin + 20, kBegin + 20}});
  CHECK(code_of(data) == Ranges{{kBegin, kBegin + 10}});
  data[sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_flags)] = PF_R;
  CHECK(code_of(data).empty());
}

TEST_CASE("headers that say what cannot be are of no program") {
  CHECK(code_of(program(kBody, {{kBegin, kBegin + 1001}})).empty());
  CHECK(code_of(program(kBody, {{UINT64_MAX - 10, UINT64_MAX}})).empty());
  CHECK(code_of(program(kBody, {{kBegin, kBegin + 100}, {kBegin + 99, kBegin + 200}})).empty());
  CHECK(code_of(program(kBody, Ranges(kMostSegments + 1, {kBegin, kBegin}))).empty());
  Bytes far = program(kBody, {{kBegin, kBegin + 1}});
  far[offsetof(Elf64_Ehdr, e_phoff) + 7] = 0x80;
  CHECK(code_of(far).empty());
}

TEST_CASE("a program cut short anywhere is read without harm") {
  const Bytes whole = program(kBody, {{kBegin, kBegin + 1000}});
  for (size_t size = 0; size < whole.size(); ++size)
    CHECK(code_of(Bytes(whole.begin(), whole.begin() + static_cast<long>(size))).empty());
}
