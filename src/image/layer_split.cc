// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/layer_split.h"

#include <algorithm>
#include <utility>

#include "image/skeleton.h"
#include "image/tar_header.h"
#include "image/tar_stream.h"

namespace docker_sync {

namespace {

class Splitter {
 public:
  Splitter(const RandomAccess& layer, const std::function<void(Piece&&)>& each) : layer_(layer), each_(each) {}

  void run() {
    TarStream tar(layer_);
    // Where an entry's stored bytes end is known from where the next entry's headers begin; where a plain file's content
    // does is known before that has come.
    uint64_t data = 0, size = 0;
    bool is_cut = false;
    TarStream::Step step = tar.next();
    for (; step == TarStream::Step::entry; step = tar.next()) {
      const uint64_t header = tar.header_offset();
      const uint64_t next_data = tar.data_offset();
      if (header < data || next_data < header || next_data > layer_.size()) break;
      if (!is_cut) cut_body(data, header, size);
      if (header - done_ >= kMaxGap) emit(header, 0);
      data = next_data;
      size = tar.size();
      is_cut = tar.is_plain_file() && size > 0 && size <= layer_.size() - data;
      if (!is_cut) continue;
      emit(data, size);
      data += size;
    }
    // If the walk ended within a content, the last header found is still that content's own, before it.
    if (tar.header_offset() >= data && tar.header_offset() <= layer_.size()) {
      if (!is_cut) cut_body(data, tar.header_offset(), size);
      data = step == TarStream::Step::end ? std::clamp(tar.data_offset(), data, layer_.size()) : tar.header_offset();
    }
    cut_rest(data, step == TarStream::Step::end);
  }

 private:
  /// The entry's stored bytes, [begin, end), with a content of `size` bytes. That is not asked of an entry whose stored
  /// bytes do not end in their last block so: sparse files store less than they are, links may have bytes or not.
  void cut_body(uint64_t begin, uint64_t end, uint64_t size) {
    const uint64_t stored = end - begin;
    if (stored == 0) return;
    emit(begin, size <= stored && stored - size < kTarBlock ? size : stored);
  }

  /// What begins at `data` is the trailer, or all that could not be walked.
  void cut_rest(uint64_t data, bool trailer) {
    if (trailer && layer_.size() - data <= kMaxGap) data = layer_.size();
    if (done_ < layer_.size()) emit(data, layer_.size() - data);
  }

  /// The gap up to `content`, and `size` bytes from there.
  void emit(uint64_t content, uint64_t size) {
    // Only headers of headers without end make such a gap.
    while (content - done_ > 2 * kMaxGap) emit(done_ + kMaxGap, 0);
    Piece piece{Bytes(static_cast<size_t>(content - done_)), content, size, {}};
    layer_.read_at(done_, piece.gap);
    if (size > 0) piece.path = content_path(piece.gap);
    done_ = content + size;
    each_(std::move(piece));
  }

  const RandomAccess& layer_;
  const std::function<void(Piece&&)>& each_;
  uint64_t done_ = 0;  ///< where the last piece ended
};

}  // namespace

void split_layer(const RandomAccess& layer, const std::function<void(Piece&&)>& each) { Splitter(layer, each).run(); }

}  // namespace docker_sync
