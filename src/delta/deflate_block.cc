// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/deflate_block.h"

#include <array>
#include <vector>

#include "delta/huffman_code.h"

namespace docker_sync {

namespace {

constexpr unsigned kEndOfBlock = 256, kFirstLength = 257, kLengthSymbols = 286, kDistances = 30;
constexpr size_t kLongestCode = 15, kLongestLengthCode = 7;
constexpr size_t kMostStored = 65535;

enum class BlockType : uint8_t { stored = 0, fixed = 1, dynamic = 2 };

/// The code of a length less 3, 0 to 28.
constexpr unsigned length_code(unsigned value) {
  if (value == 255) return 28;
  if (value < 4) return value;
  const auto bits = static_cast<unsigned>(std::bit_width(value));
  return 4 * (bits - 2) + (value >> (bits - 3) & 3);
}
constexpr unsigned length_extra_bits(unsigned code) { return code < 8 || code == 28 ? 0 : code / 4 - 1; }

template <size_t n>
using Frequencies = std::array<uint32_t, n>;

struct Counts {
  explicit Counts(std::span<const DeflateToken> tokens) {
    for (const DeflateToken& token : tokens) {
      if (token.distance == 0) {
        ++literals[token.value];
      } else {
        ++literals[kFirstLength + length_code(token.value)];
        ++distances[distance_code(token.distance)];
      }
    }
    literals[kEndOfBlock] = 1;
  }
  Frequencies<kLengthSymbols> literals{};
  Frequencies<kDistances> distances{};
};

const HuffmanCode& fixed_literals() {
  static const HuffmanCode code = [] {
    HuffmanCode fixed;
    for (size_t i = 0; i < 288; ++i) fixed.lengths.push_back(i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8);
    assign_codes(fixed);
    return fixed;
  }();
  return code;
}

const HuffmanCode& fixed_distances() {
  static const HuffmanCode code = [] {
    HuffmanCode fixed;
    fixed.lengths.assign(32, 5);
    assign_codes(fixed);
    return fixed;
  }();
  return code;
}

/// Bits of a block's tokens with these codes, extra bits included.
uint64_t bits_of(const Counts& counts, const HuffmanCode& literals, const HuffmanCode& distances) {
  uint64_t bits = 0;
  for (unsigned i = 0; i < kLengthSymbols; ++i) {
    const unsigned extra = i < kFirstLength ? 0 : length_extra_bits(i - kFirstLength);
    bits += uint64_t{counts.literals[i]} * (literals.lengths[i] + extra);
  }
  for (unsigned i = 0; i < kDistances; ++i) {
    bits += uint64_t{counts.distances[i]} * (distances.lengths[i] + distance_extra_bits(i));
  }
  return bits;
}

/// A block's two codes as it sends them: their lengths run by run, in a code of their own (RFC 1951 3.2.7).
class CodeLengths {
 public:
  CodeLengths(const HuffmanCode& literals, const HuffmanCode& distances)
      : literals_(literals.used), distances_(distances.used) {
    Frequencies<19> frequencies{};
    add_runs({literals.lengths.data(), literals.used});  // No run goes over from one to the other.
    add_runs({distances.lengths.data(), distances.used});
    for (const Run& run : runs_) ++frequencies[run.symbol];
    code_ = make_huffman_code(frequencies, kLongestLengthCode);
    sent_ = kOrder.size();
    while (sent_ > kFewest && code_.lengths[kOrder[sent_ - 1]] == 0) --sent_;
    bits_ = 5 + 5 + 4 + 3 * sent_;
    for (const Run& run : runs_) bits_ += code_.lengths[run.symbol] + extra_bits(run.symbol);
  }

  [[nodiscard]] uint64_t bits() const { return bits_; }

  void send(auto put) const {
    put(static_cast<uint32_t>(literals_ - kFirstLength), 5u);
    put(static_cast<uint32_t>(distances_ - 1), 5u);
    put(static_cast<uint32_t>(sent_ - kFewest), 4u);
    for (size_t i = 0; i < sent_; ++i) put(code_.lengths[kOrder[i]], 3u);
    for (const Run& run : runs_) {
      put(code_.codes[run.symbol], code_.lengths[run.symbol]);
      if (run.symbol >= kRepeat) put(run.extra, extra_bits(run.symbol));
    }
  }

 private:
  static constexpr std::array<uint8_t, 19> kOrder{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  static constexpr size_t kFewest = 4;
  static constexpr uint8_t kRepeat = 16, kZeros = 17, kManyZeros = 18;

  struct Run {
    uint8_t symbol, extra;
  };
  static constexpr unsigned extra_bits(uint8_t symbol) {
    return symbol < kRepeat ? 0 : symbol == kRepeat ? 2 : symbol == kZeros ? 3 : 7;
  }

  void add_runs(std::span<const uint8_t> lengths) {
    for (size_t at = 0; at < lengths.size();) {
      const uint8_t length = lengths[at];
      // Longer runs are cut: a length is repeated up to 6 times after its first, zeros up to 138.
      const bool follows_itself = at > 0 && lengths[at - 1] == length;
      const size_t most = length == 0 ? 138 : follows_itself ? 6 : 7;
      size_t count = 1;
      while (count < most && at + count < lengths.size() && lengths[at + count] == length) ++count;
      at += count;
      if (length == 0) {
        add_zeros(count);
      } else {
        add_repeats(length, count, follows_itself);
      }
    }
  }

  void add_zeros(size_t count) {
    if (count < 3) return add_each(0, count);
    if (count <= 10) return runs_.push_back({kZeros, static_cast<uint8_t>(count - 3)});
    runs_.push_back({kManyZeros, static_cast<uint8_t>(count - 11)});
  }

  void add_repeats(uint8_t length, size_t count, bool follows_itself) {
    if (count < (follows_itself ? 3 : 4)) return add_each(length, count);
    if (!follows_itself) {
      add_each(length, 1);
      --count;
    }
    runs_.push_back({kRepeat, static_cast<uint8_t>(count - 3)});
  }

  void add_each(uint8_t length, size_t count) {
    for (; count > 0; --count) runs_.push_back({length, 0});
  }

  size_t literals_, distances_, sent_ = 0;
  std::vector<Run> runs_;
  HuffmanCode code_;
  uint64_t bits_ = 0;
};

}  // namespace

void DeflateBlockWriter::start(Sink& to) {
  to_ = &to;
  out_.clear();
  bits_ = bit_count_ = 0;
}

void DeflateBlockWriter::write(std::span<const DeflateToken> tokens, std::optional<ByteView> bytes, bool last) {
  const Counts counts(tokens);
  const HuffmanCode literals = make_huffman_code(counts.literals, kLongestCode);
  const HuffmanCode distances = make_huffman_code(counts.distances, kLongestCode);
  const CodeLengths lengths(literals, distances);
  // Sizes are compared in whole bytes, the block's three first bits included.
  const uint64_t fixed = (bits_of(counts, fixed_literals(), fixed_distances()) + 3 + 7) / 8;
  const uint64_t dynamic = (bits_of(counts, literals, distances) + lengths.bits() + 3 + 7) / 8;
  const auto put_head = [&](BlockType type) { put(static_cast<uint32_t>(type) << 1 | uint32_t{last}, 3); };
  if (bytes && bytes->size() <= kMostStored && bytes->size() + 4 <= std::min(fixed, dynamic)) {
    put_head(BlockType::stored);
    align();
    const auto size = static_cast<uint16_t>(bytes->size());
    put(size, 16);
    put(static_cast<uint16_t>(~size), 16);
    out_.insert(out_.end(), bytes->begin(), bytes->end());
  } else if (fixed <= dynamic) {
    put_head(BlockType::fixed);
    put_tokens(tokens, fixed_literals(), fixed_distances());
  } else {
    put_head(BlockType::dynamic);
    lengths.send([this](uint32_t value, unsigned bits) { put(value, bits); });
    put_tokens(tokens, literals, distances);
  }
  if (last) align();
  to_->write(out_);
  out_.clear();
}

/// The lowest bit first. REQUIRES: bits <= 16, value < 2^bits.
void DeflateBlockWriter::put(uint32_t value, unsigned bits) {
  bits_ |= uint64_t{value} << bit_count_;
  bit_count_ += bits;
  for (; bit_count_ >= 8; bit_count_ -= 8, bits_ >>= 8) out_.push_back(static_cast<uint8_t>(bits_));
}

void DeflateBlockWriter::align() {
  if (bit_count_ > 0) put(0, 8 - bit_count_);
}

void DeflateBlockWriter::put_tokens(std::span<const DeflateToken> tokens, const HuffmanCode& literals,
                                    const HuffmanCode& distances) {
  const auto put_symbol = [this](const HuffmanCode& code, unsigned symbol) {
    put(code.codes[symbol], code.lengths[symbol]);
  };
  for (const DeflateToken& token : tokens) {
    if (token.distance == 0) {
      put_symbol(literals, token.value);
      continue;
    }
    const unsigned length = length_code(token.value), distance = distance_code(token.distance);
    const unsigned length_bits = length_extra_bits(length), distance_bits = distance_extra_bits(distance);
    put_symbol(literals, kFirstLength + length);
    put(token.value & ((1u << length_bits) - 1), length_bits);
    put_symbol(distances, distance);
    put((token.distance - 1u) & ((1u << distance_bits) - 1), distance_bits);
  }
  put_symbol(literals, kEndOfBlock);
}

}  // namespace docker_sync
