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

  [[nodiscard]] bool is_unread() const { return content_size > 0 && hash == kNotHashed; }
};

struct LayerGroup {
  ShortHash name = kNoGroup;
  std::vector<LayerEntry> entries;
  size_t gap_bytes = 0;
};

/// Calls `each` for all groups of a layer, in order; tells how far it is. Reads all contents but those of `unread_from`
/// bytes or more: such a one is handed on before it is read, as the last of a group that has no name. Memory: a group.
void split_into_groups(const RandomAccess& tar, uint64_t unread_from, const std::function<void(uint64_t)>& on_progress,
                       const std::function<void(LayerGroup&&)>& each);

}  // namespace docker_sync
