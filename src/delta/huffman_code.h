// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Huffman codes of limited length, the same ones that gzip and zlib make of the same frequencies. Several codes are
// optimal and any would inflate well; ours has to break its ties as theirs do. RFC 1951 3.2.2 has the codes' order.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace docker_sync {

struct HuffmanCode {
  std::vector<uint8_t> lengths;  ///< of each symbol in bits, 0 if it has no code
  std::vector<uint16_t> codes;   ///< the first bit lowest, as deflate writes them
  size_t used = 0;               ///< symbols up to the last that has a code
};

/// A code for symbols with these frequencies, no longer than `longest` bits. At least two symbols get one, also where
/// fewer occur. REQUIRES: at least three symbols, `longest` bits are enough for all; the frequencies' sum is below
/// 2^16.
[[nodiscard]] HuffmanCode make_huffman_code(std::span<const uint32_t> frequencies, size_t longest);

/// Fills in the codes that belong to the lengths.
void assign_codes(HuffmanCode& code);

}  // namespace docker_sync
