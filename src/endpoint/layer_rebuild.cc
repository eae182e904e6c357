// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/layer_rebuild.h"

#include <fmt/format.h>

#include <cassert>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "image/skeleton.h"
#include "wire/limits.h"

namespace docker_sync {

namespace {

constexpr uint64_t kNotThere = UINT64_MAX;

}  // namespace

uint64_t ArrivedContents::expect() {
  const std::lock_guard lock(mutex_);
  offsets_.push_back(kNotThere);
  return offsets_.size() - 1;
}

void ArrivedContents::arrived(uint64_t number, uint64_t offset) {
  const std::lock_guard lock(mutex_);
  offsets_.at(static_cast<size_t>(number)) = offset;
}

uint64_t ArrivedContents::offset_of(uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const uint64_t offset = offsets_.at(static_cast<size_t>(number));
  assert(offset != kNotThere);
  return offset;
}

/// Where reading stands in a block: in the gap of an entry, or in the content behind it.
struct LayerSource::OpenBlock {
  std::vector<SkeletonEntry> entries;
  const std::vector<ContentOrigin>* contents = nullptr;
  size_t entry = 0, next_content = 0;
  size_t gap_position = 0;
  const RandomAccess* file = nullptr;
  uint64_t offset = 0, left = 0;  ///< of the open content
};

LayerSource::LayerSource(const LayerRebuild& layer, const Spool& skeletons, Basis& basis, ArrivedContents& arrived)
    : layer_(&layer), skeletons_(&skeletons), basis_(&basis), arrived_(&arrived) {}

LayerSource::~LayerSource() = default;

size_t LayerSource::read(MutableBytes out) {
  size_t count = 0;
  // Gaps are short: fill the buffer, so that neither hash nor engine is fed half a kilobyte at a time.
  while (count < out.size()) {
    const size_t more = read_unhashed(out.subspan(count));
    if (more == 0) break;
    count += more;
  }
  hash_.write(out.first(count));
  produced_ += count;
  // Before the last bytes are handed on: who counts bytes may never ask for the end behind them.
  if (count == 0 || produced_ >= layer_->size) check_end();
  return count;
}

size_t LayerSource::read_unhashed(MutableBytes out) {
  while (true) {
    if (!block_) {
      if (next_block_ == layer_->blocks.size()) return 0;
      open_block();
    }
    OpenBlock& block = *block_;
    if (block.left > 0) {
      const auto count = static_cast<size_t>(std::min<uint64_t>(out.size(), block.left));
      block.file->read_at(block.offset, out.first(count));
      block.offset += count;
      block.left -= count;
      return count;
    }
    if (block.entry == block.entries.size()) {
      block_.reset();
      continue;
    }
    const Bytes& gap = block.entries[block.entry].gap;
    if (block.gap_position < gap.size()) {
      const size_t count = std::min(out.size(), gap.size() - block.gap_position);
      std::memcpy(out.data(), gap.data() + block.gap_position, count);
      block.gap_position += count;
      return count;
    }
    open_content();
  }
}

void LayerSource::open_block() {
  const LayerRebuild::Block& of = layer_->blocks[next_block_++];
  Bytes encoded(static_cast<size_t>(of.skeleton_bytes));
  skeletons_->read_at(of.skeleton_offset, encoded);
  block_ = std::make_unique<OpenBlock>();
  block_->entries = decode_skeleton(encoded, limits::kBlockMemory);
  block_->contents = &of.contents;
}

void LayerSource::open_content() {
  OpenBlock& block = *block_;
  block.left = block.entries[block.entry].content_size;
  ++block.entry;
  block.gap_position = 0;
  if (block.left == 0) return;
  const ContentOrigin& origin = block.contents->at(block.next_content++);
  if (origin.file == ContentOrigin::kArrived) {
    block.file = &arrived_->spool();
    block.offset = arrived_->offset_of(origin.position);
  } else {
    block.file = &basis_->layer(origin.file);
    block.offset = origin.position;
  }
}

void LayerSource::check_end() {
  if (std::exchange(checked_, true)) return;
  if (produced_ != layer_->size || Digest{hash_.finish()} != layer_->diff_id) {
    throw Error(ExitCode::verification,
                fmt::format("layer {} was rebuilt with other bytes than it has", layer_->diff_id.brief()),
                "try again; if it stays so, the disk or the memory of this host may be damaged");
  }
}

}  // namespace docker_sync
