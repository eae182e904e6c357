// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/program_code.h"

#include <elf.h>

#include <algorithm>
#include <cstring>

#include "delta/code_form.h"

namespace docker_sync {

namespace {

// x86-64 is little-endian, and so is every machine that this is built for.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

template <class Header>
Header read_header(const RandomAccess& content, uint64_t offset) {
  Bytes bytes(sizeof(Header));
  content.read_at(offset, bytes);
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

}  // namespace

bool may_have_code_form(ByteView first_bytes) {
  static_assert(kCodeMagicBytes == offsetof(Elf64_Ehdr, e_machine) + sizeof(Elf64_Half));
  if (first_bytes.size() < kCodeMagicBytes) return false;
  const uint8_t* const ident = first_bytes.data();
  return std::memcmp(ident, ELFMAG, SELFMAG) == 0 && ident[EI_CLASS] == ELFCLASS64 && ident[EI_DATA] == ELFDATA2LSB &&
         ident[offsetof(Elf64_Ehdr, e_machine)] == EM_X86_64 && ident[kCodeMagicBytes - 1] == 0;
}

std::vector<CodeRange> code_of_program(const RandomAccess& content) {
  if (content.size() < sizeof(Elf64_Ehdr)) return {};
  Bytes magic(kCodeMagicBytes);
  content.read_at(0, magic);
  if (!may_have_code_form(magic)) return {};
  const auto header = read_header<Elf64_Ehdr>(content, 0);
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > kMostSegments) return {};
  const uint64_t headers_bytes = header.e_phnum * sizeof(Elf64_Phdr);
  if (headers_bytes > content.size() || header.e_phoff > content.size() - headers_bytes) return {};

  std::vector<CodeRange> code;
  for (size_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = read_header<Elf64_Phdr>(content, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0 || segment.p_filesz == 0) continue;
    if (segment.p_offset > content.size() || segment.p_filesz > content.size() - segment.p_offset) return {};
    code.push_back({segment.p_offset, segment.p_offset + segment.p_filesz});
  }
  std::sort(code.begin(), code.end(), [](const CodeRange& a, const CodeRange& b) { return a.begin < b.begin; });
  for (size_t i = 1; i < code.size(); ++i) {
    if (code[i].begin < code[i - 1].end) return {};
  }
  return code;
}

}  // namespace docker_sync
