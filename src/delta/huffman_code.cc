// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/huffman_code.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace docker_sync {

namespace {

constexpr size_t kMostBits = 15;

/// The tree while it is made: symbols first, then inner nodes in the order in which they came to be.
class Tree {
 public:
  Tree(std::span<const uint32_t> frequencies, size_t longest)
      : symbols_(frequencies.size()),
        longest_(longest),
        weight_(frequencies.begin(), frequencies.end()),
        depth_(symbols_),
        parent_(symbols_) {}

  [[nodiscard]] HuffmanCode build() {
    fill_heap();
    code_.lengths.resize(symbols_);
    combine();
    measure();
    assign_codes(code_);
    return std::move(code_);
  }

 private:
  void fill_heap() {
    for (size_t symbol = 0; symbol < symbols_; ++symbol) {
      if (weight_[symbol] == 0) continue;
      heap_.push_back(symbol);
      code_.used = symbol + 1;
    }
    while (heap_.size() < 2) {
      const size_t forced = code_.used < 3 ? code_.used++ : 0;
      weight_[forced] = 1;
      heap_.push_back(forced);
    }
    for (size_t at = heap_.size() / 2; at-- > 0;) sift_down(at);
  }

  /// The tie: of equal weights the shallower tree first, of equal depths the one that is being moved.
  [[nodiscard]] bool before(size_t a, size_t b) const {
    return weight_[a] < weight_[b] || (weight_[a] == weight_[b] && depth_[a] <= depth_[b]);
  }

  void sift_down(size_t at) {
    const size_t moved = heap_[at];
    for (size_t child = 2 * at + 1; child < heap_.size(); child = 2 * at + 1) {
      if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
      if (before(moved, heap_[child])) break;
      heap_[at] = heap_[child];
      at = child;
    }
    heap_[at] = moved;
  }

  void combine() {
    while (heap_.size() > 1) {
      const size_t least = heap_[0];
      heap_[0] = heap_.back();
      heap_.pop_back();
      sift_down(0);
      const size_t second = heap_[0], node = weight_.size();
      order_.push_back(least);
      order_.push_back(second);
      weight_.push_back(weight_[least] + weight_[second]);
      depth_.push_back(std::max(depth_[least], depth_[second]) + 1);
      parent_.push_back(0);
      parent_[least] = parent_[second] = node;
      heap_[0] = node;
      sift_down(0);
    }
    order_.push_back(heap_[0]);
  }

  /// Lengths are the depths; where those are too large, leaves are moved up and others down for them.
  void measure() {
    std::vector<size_t> bits(weight_.size());
    std::array<size_t, kMostBits + 1> count{};
    ptrdiff_t overflow = 0;
    for (size_t i = order_.size() - 1; i-- > 0;) {  // From below the root down.
      const size_t node = order_[i];
      bits[node] = bits[parent_[node]] + 1;
      if (bits[node] > longest_) {
        bits[node] = longest_;
        ++overflow;
      }
      if (node >= symbols_) continue;
      code_.lengths[node] = static_cast<uint8_t>(bits[node]);
      ++count[bits[node]];
    }
    if (overflow == 0) return;
    for (; overflow > 0; overflow -= 2) {
      size_t shorter = longest_ - 1;
      while (count[shorter] == 0) --shorter;
      --count[shorter];
      count[shorter + 1] += 2;
      --count[longest_];
    }
    // The rarest get the longest.
    size_t next = 0;
    for (size_t length = longest_; length > 0; --length) {
      for (size_t left = count[length]; left > 0; ++next) {
        if (order_[next] >= symbols_) continue;
        code_.lengths[order_[next]] = static_cast<uint8_t>(length);
        --left;
      }
    }
  }

  size_t symbols_, longest_;
  std::vector<uint32_t> weight_;
  std::vector<uint32_t> depth_;
  std::vector<size_t> parent_;
  std::vector<size_t> heap_;
  std::vector<size_t> order_;  ///< nodes in the order in which they left the heap, the root last
  HuffmanCode code_;
};

}  // namespace

HuffmanCode make_huffman_code(std::span<const uint32_t> frequencies, size_t longest) {
  assert(frequencies.size() >= 3 && longest <= kMostBits);
  return Tree(frequencies, longest).build();
}

void assign_codes(HuffmanCode& code) {
  std::array<uint32_t, kMostBits + 2> next{};
  for (const uint8_t length : code.lengths) {
    if (length > 0) ++next[length + 1u];
  }
  // From how many there are of each length to the first code of each.
  for (size_t length = 1; length <= kMostBits; ++length) next[length] = (next[length - 1] + next[length]) << 1;
  code.codes.assign(code.lengths.size(), 0);
  for (size_t symbol = 0; symbol < code.lengths.size(); ++symbol) {
    const uint8_t length = code.lengths[symbol];
    if (length == 0) continue;
    uint32_t forward = next[length]++, reversed = 0;
    for (uint8_t bit = 0; bit < length; ++bit, forward >>= 1) reversed = reversed << 1 | (forward & 1);
    code.codes[symbol] = static_cast<uint16_t>(reversed);
  }
}

}  // namespace docker_sync
