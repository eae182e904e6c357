// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/delta_search.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "delta/block_sum.h"
#include "delta/block_table.h"
#include "delta/in_parts.h"

namespace docker_sync {

namespace {

constexpr size_t kReadBytes = 128 << 10;
/// Bytes that go through strong sums in vain, per byte looked through, and beyond that: far more than chance brings,
/// and little beside what the search itself takes.
constexpr uint64_t kMostInVain = 64, kGraceInVain = 64 << 20;

/// Parts in order, neighbours merged.
class MergedParts {
 public:
  void add(const DeltaPart& part) {
    if (part.size == 0) return;
    const bool goes_on =
        !parts_.empty() && (part.from ? parts_.back().from && *parts_.back().from + parts_.back().size == *part.from
                                      : !parts_.back().from);
    goes_on ? void(parts_.back().size += part.size) : parts_.push_back(part);
    end_ += part.size;
  }
  void add_new(uint64_t size) { add({size, std::nullopt}); }
  /// Where the content's next part begins.
  [[nodiscard]] uint64_t end() const { return end_; }
  [[nodiscard]] std::vector<DeltaPart> take() { return std::move(parts_); }

 private:
  std::vector<DeltaPart> parts_;
  uint64_t end_ = 0;
};

/// Some of a content in memory; it only moves on.
class Window {
 public:
  /// From `begin`, of whose bytes at most `least` are asked for at a time.
  Window(const RandomAccess& content, uint64_t begin, size_t least)
      : content_(content), begin_(begin), end_(begin), bytes_(std::min(least + kReadBytes, content.size() - begin)) {}

  /// `least` bytes from `position`, or more. REQUIRES: there are so many, and `position` is not before an earlier one,
  /// nor behind what was shown then.
  ByteView from(uint64_t position, size_t least) {
    if (position + least > end_) {
      const auto kept = bytes_.begin() + static_cast<ptrdiff_t>(position - begin_);
      std::copy(kept, bytes_.begin() + static_cast<ptrdiff_t>(end_ - begin_), bytes_.begin());
      begin_ = position;
      const uint64_t end = std::min(content_.size(), begin_ + bytes_.size());
      content_.read_at(end_, MutableBytes(bytes_).subspan(end_ - begin_, end - end_));
      end_ = end;
    }
    return ByteView(bytes_).subspan(position - begin_, end_ - position);
  }

 private:
  const RandomAccess& content_;
  uint64_t begin_, end_;
  Bytes bytes_;
};

class Search {
 public:
  Search(const Signature& signature, const BlockTable& table, const RandomAccess& content)
      : signature_(signature), table_(table), content_(content) {}

  /// The parts from `begin` on, looking for blocks that begin before `end`: the last one may reach beyond it.
  std::vector<DeltaPart> run(uint64_t begin, uint64_t end) {
    const size_t block_bytes = signature_.block_bytes();
    Window window(content_, begin, block_bytes);
    BlockSum sum(block_bytes);
    MergedParts parts;
    uint64_t position = begin;
    while (position < end && content_.size() - position >= block_bytes) {
      const ByteView bytes = window.from(position, block_bytes);
      const size_t starts = std::min<uint64_t>(bytes.size() - block_bytes + 1, end - position);
      sum.set(bytes.first(block_bytes));
      size_t at = 0;
      std::optional<uint32_t> block;
      while (!(table_.may_have(sum.value()) && (block = find(sum.value(), bytes.subspan(at, block_bytes)))) &&
             ++at < starts) {
        sum.roll(bytes[at - 1], bytes[at - 1 + block_bytes]);
      }
      parts.add_new(at);
      position += at;
      looked_through_ += at;
      if (!block) continue;
      parts.add({block_bytes, uint64_t{*block} * block_bytes});
      position += block_bytes;
      looked_through_ += block_bytes;
      expected_ = *block + 1;
    }
    if (end == content_.size()) {
      add_tail(begin, parts);
    } else if (position < end) {
      parts.add_new(end - position);
    }
    return parts.take();
  }

 private:
  [[nodiscard]] bool has(uint32_t block, const ContentHash& hash) const {
    const ByteView strong = signature_.strong(block);
    return std::equal(strong.begin(), strong.end(), hash.bytes.begin());
  }

  /// A block with these bytes; of several the one behind the last one that was found.
  std::optional<uint32_t> find(uint32_t weak, ByteView bytes) {
    const std::span<const BlockTable::Entry> entries = table_.with(weak);
    if (entries.empty()) return std::nullopt;
    const ContentHash hash = content_hash(bytes);
    if (expected_ < signature_.full_blocks() && signature_.weak(expected_) == weak && has(expected_, hash)) {
      return expected_;
    }
    for (const BlockTable::Entry& entry : entries) {
      if (has(entry.block, hash)) return entry.block;
    }
    in_vain_ += bytes.size();
    if (in_vain_ > kGraceInVain + kMostInVain * looked_through_) throw_protocol("a signature was made to be slow");
    return std::nullopt;
  }

  /// What is left, at whose end may be the basis' last bytes, which are no full block.
  void add_tail(uint64_t begin, MergedParts& parts) {
    const uint64_t left = content_.size() - begin - parts.end();
    const uint32_t last = signature_.full_blocks();
    const size_t size = signature_.basis_size() % signature_.block_bytes();
    if (size == 0 || size > left) return parts.add_new(left);
    Bytes bytes(size);
    content_.read_at(content_.size() - size, bytes);
    BlockSum sum(size);
    sum.set(bytes);
    if (sum.value() != signature_.weak(last) || !has(last, content_hash(bytes))) return parts.add_new(left);
    parts.add_new(left - size);
    parts.add({size, uint64_t{last} * signature_.block_bytes()});
  }

  const Signature& signature_;
  const BlockTable& table_;
  const RandomAccess& content_;
  uint32_t expected_ = 0;
  uint64_t looked_through_ = 0, in_vain_ = 0;
};

}  // namespace

std::vector<DeltaPart> find_delta(const Signature& signature, const RandomAccess& content) {
  const BlockTable table(signature);
  std::array<std::vector<DeltaPart>, kMostParts> found;
  std::array<uint64_t, kMostParts> begins{};
  in_parts(content.size(), 1, [&](size_t number, uint64_t begin, uint64_t end) {
    begins[number] = begin;
    found[number] = Search(signature, table, content).run(begin, end);
  });
  MergedParts all;
  for (size_t number = 0; number < found.size(); ++number) {
    // The part before may have gone on into this one.
    uint64_t skip = all.end() > begins[number] ? all.end() - begins[number] : 0;
    for (const DeltaPart& part : found[number]) {
      const uint64_t left_out = std::min(skip, part.size);
      skip -= left_out;
      all.add({part.size - left_out, part.from ? std::optional(*part.from + left_out) : std::nullopt});
    }
  }
  return all.take();
}

}  // namespace docker_sync
