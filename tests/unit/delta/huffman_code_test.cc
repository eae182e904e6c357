// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/huffman_code.h"

#include <doctest/doctest.h>

#include <numeric>
#include <random>

using namespace docker_sync;

namespace {

/// The sum over all codes of 2^(longest - length): 2^longest if none is missing and none is the start of another.
uint64_t kraft_sum(const HuffmanCode& code, size_t longest) {
  uint64_t sum = 0;
  for (const uint8_t length : code.lengths) sum += length > 0 ? uint64_t{1} << (longest - length) : 0;
  return sum;
}

}  // namespace

TEST_CASE("codes are those of RFC 1951's example, the first bit lowest") {
  HuffmanCode code;
  code.lengths = {3, 3, 3, 3, 3, 2, 4, 4};
  assign_codes(code);
  CHECK(code.codes == std::vector<uint16_t>{0b010, 0b110, 0b001, 0b101, 0b011, 0b00, 0b0111, 0b1111});
}

TEST_CASE("frequent symbols have short codes") {
  const std::vector<uint32_t> frequencies{1, 8, 0, 2, 4, 0};
  const HuffmanCode code = make_huffman_code(frequencies, 15);
  CHECK(code.lengths == std::vector<uint8_t>{3, 1, 0, 3, 2, 0});
  CHECK(code.used == 5);
}

TEST_CASE("two symbols have codes even if fewer occur") {
  CHECK(make_huffman_code(std::vector<uint32_t>{0, 0, 0, 0}, 15).lengths == std::vector<uint8_t>{1, 1, 0, 0});
  CHECK(make_huffman_code(std::vector<uint32_t>{9, 0, 0, 0}, 15).lengths == std::vector<uint8_t>{1, 1, 0, 0});
  CHECK(make_huffman_code(std::vector<uint32_t>{0, 9, 0, 0}, 15).lengths == std::vector<uint8_t>{0, 1, 1, 0});
  CHECK(make_huffman_code(std::vector<uint32_t>{0, 0, 0, 9}, 15).lengths == std::vector<uint8_t>{1, 0, 0, 1});
  CHECK(make_huffman_code(std::vector<uint32_t>{0, 9, 0, 0}, 15).used == 3);
}

TEST_CASE("no code is longer than the limit, and all together are complete") {
  // Frequencies of Fibonacci make the deepest tree.
  std::vector<uint32_t> deep{1, 1};
  while (deep.size() < 22) deep.push_back(deep[deep.size() - 1] + deep[deep.size() - 2]);
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    const size_t longest = i % 2 == 0 ? 15 : 7;
    std::vector<uint32_t> frequencies(longest == 7 ? 19 : 286);
    for (uint32_t& frequency : frequencies) frequency = (random() % 200) >> random() % 9;
    if (i < 2) frequencies.assign(deep.begin(), longest == 7 ? deep.begin() + 19 : deep.end());
    const HuffmanCode code = make_huffman_code(frequencies, longest);
    CHECK(kraft_sum(code, longest) == uint64_t{1} << longest);
    for (size_t symbol = 0; symbol < frequencies.size(); ++symbol) {
      CHECK(code.lengths[symbol] <= longest);
      if (frequencies[symbol] > 0) CHECK(code.lengths[symbol] > 0);
    }
  }
}
