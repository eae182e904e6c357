// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/layer_rebuild.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "base/error.h"
#include "image/skeleton.h"
#include "wire/limits.h"

namespace docker_sync {

LayerSource::LayerSource(const LayerRebuild& layer, const Spool& skeletons, const Basis& basis,
                         ArrivedContents& arrived, const LayerCache& cache)
    : layer_(&layer), skeletons_(&skeletons), basis_(&basis), arrived_(&arrived), cache_(&cache) {}

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
  do {
    if (gap_position_ < gap_.size()) {
      const size_t count = std::min(out.size(), gap_.size() - gap_position_);
      std::memcpy(out.data(), gap_.data() + gap_position_, count);
      gap_position_ += count;
      return count;
    }
    if (left_ > 0) {
      const auto count = static_cast<size_t>(std::min<uint64_t>(out.size(), left_));
      file_->read_at(offset_, out.first(count));
      if (!layer_->plain) content_hash_.write(out.first(count));
      offset_ += count;
      left_ -= count;
      return count;
    }
  } while (open_piece());
  return 0;
}

bool LayerSource::open_plain(uint64_t number) {
  if (std::exchange(piece_is_open_, true)) return false;
  open_arrived(number);
  left_ = layer_->size;
  return true;
}

bool LayerSource::open_piece() {
  if (layer_->plain) return open_plain(*layer_->plain);
  index_piece();
  while (next_piece_ == pieces_) {
    if (next_segment_ == layer_->segments.size()) return false;
    open_segment(layer_->segments[next_segment_++]);
  }
  const LayerRebuild::Segment& segment = layer_->segments[next_segment_ - 1];
  const bool first = next_piece_ == 0;
  const size_t padding = first && segment.padded ? tar_padding(content_size_) : 0;
  segment.known_layer ? open_known_piece(segment) : open_block_piece(segment);
  if (padding > 0) gap_.insert(gap_.begin(), padding, uint8_t{0});
  gap_position_ = 0;
  content_size_ = left_;
  piece_is_open_ = true;
  ++next_piece_;
  return true;
}

void LayerSource::open_segment(const LayerRebuild::Segment& segment) {
  Bytes encoded(static_cast<size_t>(segment.spool_bytes));
  skeletons_->read_at(segment.spool_offset, encoded);
  next_piece_ = next_content_ = 0;
  if (segment.known_layer) {
    times_.feed(std::move(encoded));
    pieces_ = segment.pieces;
  } else {
    entries_ = decode_skeleton(encoded, limits::kBlockMemory);
    pieces_ = entries_.size();
  }
}

void LayerSource::open_known_piece(const LayerRebuild::Segment& segment) {
  const auto& contents = basis_->contents(*segment.known_layer);
  const RandomAccess& tar = basis_->tar(*segment.known_layer);
  const size_t piece = segment.first_piece + next_piece_;
  const Basis::Content& content = contents.at(piece);
  uint64_t begin = 0;
  if (piece > 0) begin = contents[piece - 1].offset + contents[piece - 1].size;
  gap_.resize(static_cast<size_t>(content.offset - begin));
  tar.read_at(begin, gap_);
  replace_times(gap_, [this] { return times_.next(); });
  if (next_piece_ == 0 && piece > 0) {
    // The padding of the content before it there is not that of the content before it here.
    const auto own = without_padding(gap_, contents[piece - 1].size);
    if (!own) throw_protocol("a group that cannot be named");
    gap_.erase(gap_.begin(), gap_.end() - static_cast<std::ptrdiff_t>(own->size()));
  }
  file_ = &tar;
  offset_ = content.offset;
  left_ = content.size;
}

void LayerSource::open_block_piece(const LayerRebuild::Segment& segment) {
  SkeletonEntry& entry = entries_[next_piece_];
  gap_ = std::move(entry.gap);
  left_ = entry.content_size;
  if (left_ == 0) return;
  const ContentOrigin& origin = segment.contents.at(next_content_++);
  if (origin.file == ContentOrigin::kArrived) {
    open_arrived(origin.position);
  } else {
    file_ = &basis_->tar(origin.file);
    offset_ = origin.position;
  }
}

void LayerSource::open_arrived(uint64_t number) {
  place_ = arrived_->take(number);
  file_ = place_.bytes.get();
  offset_ = place_.offset;
}

void LayerSource::index_piece() {
  if (!std::exchange(piece_is_open_, false)) return;
  place_ = {};
  const uint64_t content_begin = piece_begin_ + gap_.size();
  Piece piece{std::move(gap_), content_begin, content_size_, {}};
  if (content_size_ > 0) piece.path = content_path(piece.gap);
  indexer_.add(piece, content_hash_.finish());
  piece_begin_ = content_begin + content_size_;
  gap_.clear();
  gap_position_ = 0;
}

void LayerSource::check_end() {
  if (std::exchange(checked_, true)) return;
  if (produced_ != layer_->size || Digest{hash_.finish()} != layer_->diff_id) {
    throw Error(ExitCode::verification,
                fmt::format("layer {} was rebuilt with other bytes than it has", layer_->diff_id.brief()),
                "try again; if it stays so, the disk or the memory of this host may be damaged");
  }
  // Else the source says more than the layer is: whoever reads on will see.
  if (layer_->plain || left_ > 0 || gap_position_ < gap_.size()) return;
  index_piece();
  cache_->store(layer_->diff_id, indexer_.finish());
}

}  // namespace docker_sync
