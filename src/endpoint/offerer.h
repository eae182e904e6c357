// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Writes the offers stream: layers as runs of groups that the destination has and blocks of entries that it has not,
// with what the source can say of each content of a block. Used by one thread.
#pragma once

#include <unordered_map>
#include <vector>

#include "base/compression.h"
#include "endpoint/basis.h"
#include "endpoint/layer_groups.h"
#include "endpoint/offered.h"
#include "image/entry_times.h"

namespace docker_sync {

class Offerer {
 public:
  /// All referred to must outlive this. REQUIRES: `shared` is sealed.
  Offerer(ZstdSink& offers, const Basis& shared, OfferedBlocks& blocks);

  /// The first of offers and of answers. Throws ExitCode::protocol on what may not be said.
  void tell_shared_layers();
  void read_groups(RecordReader& answers);

  /// The layer must stay until the last content was sent. Then come its groups, and its end. If some
  /// contents are unread, so are all of their sizes, and nothing is shared.
  void begin_layer(const Digest& diff_id, const RandomAccess& tar);
  void add_group(LayerGroup group);
  void end_layer();
  /// One that travels as it is: nobody looks into it.
  void add_plain_layer(const Digest& diff_id, const RandomAccess& tar);

 private:
  void add_to_run(GroupPlace place, LayerGroup& group);
  void add_to_block(LayerGroup& group);
  void end_run();
  void end_block();
  void put_claims(OfferedBlock& offered);
  /// The number of an equal content that was offered before; else remembers that this is one.
  [[nodiscard]] std::optional<uint64_t> find_offered(const LayerEntry& entry);
  [[nodiscard]] std::optional<BasisFile> find_shared(const LayerEntry& entry);

  ZstdSink& offers_;
  const Basis& shared_;
  OfferedBlocks& blocks_;
  KnownGroups known_;
  const bool all_shared_;

  const RandomAccess* layer_ = nullptr;
  std::vector<LayerEntry> block_;
  size_t block_gaps_ = 0;        ///< bytes
  uint64_t block_contents_ = 0;  ///< likewise
  uint64_t most_block_contents_;
  uint64_t size_before_group_ = 0;
  bool block_padded_ = false;

  GroupPlace run_;
  size_t run_groups_ = 0, run_pieces_ = 0;
  TimeEncoder times_;
  PlaceWriter places_;
  std::unordered_map<ContentHash, uint64_t> offered_;  ///< contents in blocks, to their numbers
  struct Unread {
    const RandomAccess* layer;
    uint64_t offset, number;
  };
  /// By size, the first of those that came unread; nothing once it is in offered_, as there was another one.
  std::unordered_map<uint64_t, std::optional<Unread>> unread_;
  uint64_t contents_ = 0;
};

}  // namespace docker_sync
