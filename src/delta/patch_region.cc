// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/patch_region.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <numeric>

#include "delta/patch_format.h"

namespace docker_sync {

namespace {

constexpr uint64_t kSmallestBlock = uint64_t{1} << 20;
constexpr uint64_t kMostBlocks = uint64_t{1} << 16;
constexpr size_t kMostSamples = size_t{1} << 20;
constexpr size_t kReadBytes = size_t{256} << 10;

/// A number for each byte, without pattern.
constexpr std::array<uint64_t, 256> make_gear() {
  std::array<uint64_t, 256> gear{};
  uint64_t state = 0x9e3779b97f4a7c15;
  for (uint64_t& value : gear) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    value = state;
  }
  return gear;
}
constexpr std::array<uint64_t, 256> kGear = make_gear();

/// Takes the prints of the last 32 bytes at each position (they are shifted out by two bits a byte). One whose highest
/// bits are zero makes a sample: all 32 bytes had a part in them.
class Sampler {
 public:
  explicit Sampler(int bits) : bits_(bits) {}
  /// Calls take(position, print) for each sample; for one that comes twice in a row (zeros, mostly) once.
  void read(ByteView bytes, auto take) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      state_ = (state_ << 2) + kGear[bytes[i]];
      if (state_ >> (64 - bits_) == 0 && state_ != last_) {
        last_ = state_;
        take(i, static_cast<uint32_t>(state_ >> (32 - bits_)));
      }
    }
  }

 private:
  int bits_;
  uint64_t state_ = 0, last_ = 0;
};

}  // namespace

PatchRegion::PatchRegion(const RandomAccess& old_file, std::vector<RegionPiece> pieces)
    : old_file_(&old_file), pieces_(std::move(pieces)) {
  for (const RegionPiece& piece : pieces_) {
    assert(piece.offset <= old_file.size() && piece.size <= old_file.size() - piece.offset);
    ends_.push_back(size_ += piece.size);
  }
}

void PatchRegion::read_at(uint64_t offset, MutableBytes out) const {
  assert(offset <= size_ && out.size() <= size_ - offset);
  auto piece = static_cast<size_t>(std::ranges::upper_bound(ends_, offset) - ends_.begin());
  while (!out.empty()) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(out.size(), ends_[piece] - offset));
    const uint64_t within = offset - (ends_[piece] - pieces_[piece].size);
    if (count > 0) old_file_->read_at(pieces_[piece].offset + within, out.first(count));
    out = out.subspan(count);
    offset += count;
    ++piece;
  }
}

RegionFinder::RegionFinder(const RandomAccess& old_file) : old_size_(old_file.size()) {
  if (old_size_ <= kPatchRegion) return;
  block_bytes_ = kSmallestBlock;
  while (old_size_ / block_bytes_ >= kMostBlocks) block_bytes_ *= 2;
  while (old_size_ >> sample_bits_ > kMostSamples / 2) ++sample_bits_;
  Sampler sampler(sample_bits_);
  Bytes buffer(kReadBytes);
  for (uint64_t position = 0; position < old_size_; position += buffer.size()) {
    buffer.resize(static_cast<size_t>(std::min<uint64_t>(kReadBytes, old_size_ - position)));
    old_file.read_at(position, buffer);
    sampler.read(buffer, [&](size_t at, uint32_t print) {
      // Content made to be sampled everywhere is sampled at its start only.
      if (samples_.size() < kMostSamples)
        samples_.push_back({print, static_cast<uint32_t>((position + at) / block_bytes_)});
    });
  }
  std::ranges::sort(samples_, {}, [](const Sample& sample) { return uint64_t{sample.print} << 32 | sample.block; });
}

std::vector<RegionPiece> RegionFinder::find(ByteView window, uint64_t position) const {
  if (old_size_ <= kPatchRegion) return {{0, old_size_}};
  std::vector<uint32_t> votes(static_cast<size_t>(old_size_ / block_bytes_ + 1));
  Sampler(sample_bits_).read(window, [&](size_t, uint32_t print) {
    const auto first = std::ranges::lower_bound(samples_, print, {}, &Sample::print),
               last = std::ranges::upper_bound(samples_, print, {}, &Sample::print);
    // What is everywhere says nothing about where.
    if (last - first <= 4) {
      for (auto sample = first; sample != last; ++sample) ++votes[sample->block];
    }
  });
  // A block of which only the edge is needed has few samples, so its neighbours have a word in it; and the window's own
  // place counts where nothing else does.
  const uint64_t own = std::min(position, old_size_ - 1) / block_bytes_;
  std::vector<uint32_t> order(votes.size());
  std::iota(order.begin(), order.end(), 0);
  const auto rank = [&](uint32_t block) {
    const int64_t before = block > 0 ? votes[block - 1] : 0, after = block + 1 < votes.size() ? votes[block + 1] : 0;
    const uint64_t distance = block > own ? block - own : own - block;
    return std::pair(-(8 * int64_t{votes[block]} + before + after), distance);
  };
  std::ranges::sort(order, {}, rank);
  order.resize(std::min<size_t>(order.size(), static_cast<size_t>(kPatchRegion / block_bytes_)));
  std::ranges::sort(order);
  std::vector<RegionPiece> pieces;
  for (const uint32_t block : order) {
    const uint64_t offset = block * block_bytes_,
                   size = std::min(block_bytes_, old_size_ - std::min(old_size_, offset));
    if (size == 0) continue;
    if (!pieces.empty() && pieces.back().offset + pieces.back().size == offset) {
      pieces.back().size += size;
    } else {
      pieces.push_back({offset, size});
    }
  }
  return pieces;
}

}  // namespace docker_sync
