// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A layer as it is offered: group by group, every content hashed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "endpoint/entry_group.h"

namespace docker_sync {

struct LayerEntry {
  Bytes gap;
  uint64_t content_offset = 0, content_size = 0;
  ContentHash hash;  ///< of the content, if it is not empty
  std::string path;
};

struct LayerGroup {
  ShortHash name = kNoGroup;
  std::vector<LayerEntry> entries;
  size_t gap_bytes = 0;
};

/// Calls `each` for all groups of a layer, in order. Reads all of it; tells how far it is. Memory: a group.
void split_into_groups(const RandomAccess& tar, const std::function<void(uint64_t)>& on_progress,
                       const std::function<void(LayerGroup&&)>& each);

}  // namespace docker_sync
