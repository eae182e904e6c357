// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// One layer that travels, at the destination: what it is made of, and the layer's bytes again, as what they are made of
// comes. Skeleton blocks and times wait in a spool in the form in which they came; in memory there is per content of a
// block only its place (16 bytes), and nothing per entry of a known group.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/hash.h"
#include "base/spool.h"
#include "endpoint/arrived_contents.h"
#include "endpoint/basis.h"
#include "image/entry_times.h"
#include "image/skeleton.h"

namespace docker_sync {

/// A content's bytes: in a basis layer, or among those that arrived.
struct ContentOrigin {
  static constexpr uint32_t kArrived = UINT32_MAX;
  uint32_t file = 0;      ///< BasisFile::layer, or kArrived
  uint64_t position = 0;  ///< offset in that layer, or a number for ArrivedContents
};

struct LayerRebuild {
  /// Pieces of a basis layer with other times, or a block.
  struct Segment {
    uint64_t spool_offset = 0, spool_bytes = 0;  ///< of the times or the skeleton
    std::optional<uint32_t> known_layer;         ///< that basis layer; none for a block
    size_t first_piece = 0, pieces = 0;          ///< in the basis layer
    bool padded = true;                          ///< the padding of the content before comes first
    std::vector<ContentOrigin> contents;         ///< of a block
  };

  Digest diff_id;
  uint64_t size = 0;
  std::deque<Segment> segments;
  std::optional<uint64_t> plain;  ///< in place of segments: a number for ArrivedContents, of all its bytes
};

/// The layer's bytes, which wait for contents that are not here yet, hashed as they are read: the end of a layer that
/// is not its diff_id throws ExitCode::verification in place of its last bytes. Its index is made on the way, so that
/// the layer may be a basis without being read for it, but not that of a plain one. All referred to must outlive it.
/// Memory: one block, and 48 bytes per file.
class LayerSource : public Source {
 public:
  LayerSource(const LayerRebuild& layer, const Spool& skeletons, const Basis& basis, ArrivedContents& arrived,
              const LayerCache& cache);
  [[nodiscard]] size_t read(MutableBytes out) override;

 private:
  [[nodiscard]] size_t read_unhashed(MutableBytes out);
  /// False at the layer's end.
  [[nodiscard]] bool open_piece();
  [[nodiscard]] bool open_plain(uint64_t number);
  void open_segment(const LayerRebuild::Segment& segment);
  void open_known_piece(const LayerRebuild::Segment& segment);
  void open_block_piece(const LayerRebuild::Segment& segment);
  void index_piece();
  void open_arrived(uint64_t number);
  void check_end();

  const LayerRebuild* layer_;
  const Spool* skeletons_;
  const Basis* basis_;
  ArrivedContents* arrived_;
  const LayerCache* cache_;
  Sha256 hash_;
  LayerIndexer indexer_;
  ContentHasher content_hash_;
  uint64_t piece_begin_ = 0, produced_ = 0;
  bool checked_ = false;

  size_t next_segment_ = 0;
  size_t next_piece_ = 0, pieces_ = 0;  ///< of the open segment
  TimeDecoder times_;
  std::vector<SkeletonEntry> entries_;
  size_t next_content_ = 0;

  Bytes gap_;  ///< of the open piece; none is open before the first and when all are indexed
  bool piece_is_open_ = false;
  size_t gap_position_ = 0;
  ArrivedContents::Place place_;  ///< of its content, if that arrived
  const RandomAccess* file_ = nullptr;
  uint64_t offset_ = 0, left_ = 0;  ///< of its content
  uint64_t content_size_ = 0;
};

}  // namespace docker_sync
