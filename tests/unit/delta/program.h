// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Programs to take apart: ELF headers, and code of which some lies in executable segments.
#pragma once

#include <elf.h>

#include <cstring>
#include <random>
#include <vector>

#include "delta/program_code.h"

namespace docker_sync::programs {

template <class Header>
void put_header(Bytes& bytes, const Header& header) {
  const size_t at = bytes.size();
  bytes.resize(at + sizeof header);
  std::memcpy(&bytes[at], &header, sizeof header);
}

/// Where the first byte behind the headers of a program with as many segments is.
constexpr size_t body_offset(size_t segments) { return sizeof(Elf64_Ehdr) + segments * sizeof(Elf64_Phdr); }

/// A program whose bytes behind the headers are `body`; `code`: its executable segments, in the file.
inline Bytes program(ByteView body, const std::vector<CodeRange>& code) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_machine = EM_X86_64;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = static_cast<Elf64_Half>(code.size());
  Bytes bytes;
  put_header(bytes, header);
  for (const CodeRange& range : code) {
    Elf64_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_flags = PF_R | PF_X;
    segment.p_offset = range.begin;
    segment.p_filesz = range.end - range.begin;
    put_header(bytes, segment);
  }
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

/// A program that is all code.
inline Bytes program(ByteView code) { return program(code, {{body_offset(1), body_offset(1) + code.size()}}); }

/// Functions of some instructions, among them calls of others, all over the code. With `put_in`, another function
/// stands in the middle.
inline Bytes functions(size_t count, uint32_t seed, bool put_in = false) {
  constexpr size_t kFunction = 64;
  std::mt19937 random(seed);
  Bytes code;
  const size_t middle = count / 2;
  const auto offset_of = [&](size_t function) { return (function + (put_in && function >= middle)) * kFunction; };
  for (size_t i = 0; i < count; ++i) {
    if (put_in && i == middle) code.resize(code.size() + kFunction, 0xcc);
    while (code.size() < offset_of(i) + kFunction - 8) {
      code.push_back(static_cast<uint8_t>(0x90 + random() % 8));
      if (random() % 8 != 0) continue;
      code.push_back(0xe8);
      const size_t target = offset_of(random() % count);
      const auto distance = static_cast<uint32_t>(target - (code.size() + 4));
      for (const int shift : {0, 8, 16, 24}) code.push_back(static_cast<uint8_t>(distance >> shift));
    }
    code.resize(offset_of(i) + kFunction, 0xc3);
  }
  return code;
}

}  // namespace docker_sync::programs
