// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A layer as it is offered: group by group, the contents hashed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "delta/basis_index.h"
#include "endpoint/entry_group.h"

namespace docker_sync {

struct LayerEntry {
  Bytes gap;
  uint64_t content_offset = 0, content_size = 0;
  ContentHash hash = kNotHashed;  ///< of the content, if it is not empty
  std::string path;
};

struct LayerGroup {
  ShortHash name = kNoGroup;
  std::vector<LayerEntry> entries;
  size_t gap_bytes = 0;
};

struct GroupTaker {
  std::function<void(LayerGroup&&)> take;
  std::function<void(uint64_t)> tell_done;  ///< bytes
  /// Whether to hand on a content of that size as kNotHashed, before it is read, in a group that has no name.
  std::function<bool(uint64_t size)> takes_unread;
};

/// Hands on all groups of a layer, in order. Reads all contents but those taken unread. Memory: a group.
void split_into_groups(const RandomAccess& tar, const GroupTaker& taker);

}  // namespace docker_sync
