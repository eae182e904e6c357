// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/layer_groups.h"

#include <utility>

namespace docker_sync {

void split_into_groups(const RandomAccess& tar, uint64_t unread_from, const std::function<void(uint64_t)>& on_progress,
                       const std::function<void(LayerGroup&&)>& each) {
  GroupCutter cutter;
  ContentHasher hasher;
  LayerGroup group;
  const auto end_group = [&] {
    const ShortHash name = cutter.end();
    if (group.entries.empty()) return;
    if (!group.entries.back().is_unread()) group.name = name;
    each(std::exchange(group, {}));
  };
  split_layer(tar, [&](Piece&& piece) {
    on_progress(piece.content_offset);
    ContentHash hash = kNotHashed;
    if (piece.content_size > 0 && piece.content_size < unread_from) {
      copy(Slice(tar, piece.content_offset, piece.content_size), hasher);
      hash = hasher.finish();
    }
    const bool ends = cutter.add(piece, hash);
    group.gap_bytes += piece.gap.size();
    group.entries.push_back(
        {std::move(piece.gap), piece.content_offset, piece.content_size, hash, std::move(piece.path)});
    if (ends || group.entries.back().is_unread()) end_group();
  });
  end_group();
}

}  // namespace docker_sync
