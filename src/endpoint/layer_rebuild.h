// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// One layer that travels, at the destination: what its skeleton is, where each of its contents lies, and, once all are
// there, the layer's bytes again. Skeleton blocks wait in a spool in the form in which they came; per content only its
// place is kept in memory (16 bytes).
#pragma once

#include <deque>
#include <vector>

#include "base/hash.h"
#include "base/spool.h"
#include "endpoint/basis.h"

namespace docker_sync {

/// A content's bytes: in a basis layer, or among those that arrived.
struct ContentOrigin {
  static constexpr uint32_t kArrived = UINT32_MAX;
  uint32_t file = 0;      ///< BasisFile::layer, or kArrived
  uint64_t position = 0;  ///< offset in that layer, or a number for ArrivedContents
};

/// The contents that came over the wire in one sync, appended to a spool. Written by one thread. A number is given when
/// a content is asked for, so that others that are equal to it can refer to it before it is there.
class ArrivedContents {
 public:
  explicit ArrivedContents(const SpoolFolder& folder) : spool_(folder) {}

  [[nodiscard]] uint64_t expect();  ///< any thread
  [[nodiscard]] Spool& spool() { return spool_; }
  void arrived(uint64_t number, uint64_t offset);  ///< its first byte in the spool
  [[nodiscard]] uint64_t offset_of(uint64_t number) const;

 private:
  Spool spool_;
  mutable std::mutex mutex_;
  std::deque<uint64_t> offsets_;
};

struct LayerRebuild {
  Digest diff_id;
  uint64_t size = 0;
  struct Block {
    uint64_t skeleton_offset = 0, skeleton_bytes = 0;  ///< in the skeleton spool
    std::vector<ContentOrigin> contents;
  };
  std::deque<Block> blocks;
};

/// The layer's bytes, hashed as they are read: the end of a layer that is not its diff_id throws ExitCode::verification
/// in place of its last bytes. All referred to must outlive it. Memory: one block.
class LayerSource : public Source {
 public:
  LayerSource(const LayerRebuild& layer, const Spool& skeletons, Basis& basis, ArrivedContents& arrived);
  ~LayerSource() override;
  [[nodiscard]] size_t read(MutableBytes out) override;

 private:
  struct OpenBlock;

  [[nodiscard]] size_t read_unhashed(MutableBytes out);
  void open_block();
  void open_content();
  void check_end();

  const LayerRebuild* layer_;
  const Spool* skeletons_;
  Basis* basis_;
  ArrivedContents* arrived_;
  Sha256 hash_;
  size_t next_block_ = 0;
  uint64_t produced_ = 0;
  bool checked_ = false;
  std::unique_ptr<OpenBlock> block_;
};

}  // namespace docker_sync
