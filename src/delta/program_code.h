// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Where the code of a program is, by its ELF program headers: those that the kernel maps it by, so no tool strips them.
#pragma once

#include <cstdint>
#include <vector>

#include "base/io.h"

namespace docker_sync {

struct CodeRange {
  uint64_t begin = 0, end = 0;  ///< in the file
  bool operator==(const CodeRange&) const = default;
};

/// A program with more segments, of whatever kind, counts as none.
inline constexpr size_t kMostSegments = 64;

/// The executable segments of a 64-bit ELF for x86-64, in order and apart from each other; none of any other content
/// and of one whose headers say what cannot be. Any bytes may be given. Reads the headers alone.
[[nodiscard]] std::vector<CodeRange> code_of_program(const RandomAccess& content);

}  // namespace docker_sync
