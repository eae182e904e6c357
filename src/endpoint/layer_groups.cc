// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/layer_groups.h"

#include <utility>

namespace docker_sync {

void split_into_groups(const RandomAccess& tar, const GroupTaker& taker) {
  GroupCutter cutter;
  ContentHasher hasher;
  LayerGroup group;
  const auto end_group = [&](bool has_name) {
    const ShortHash name = cutter.end();
    if (has_name) group.name = name;
    if (!group.entries.empty()) taker.take(std::exchange(group, {}));
  };
  split_layer(tar, [&](Piece&& piece) {
    taker.tell_done(piece.content_offset);
    const bool is_read = piece.content_size > 0 && !taker.takes_unread(piece.content_size);
    ContentHash hash = kNotHashed;
    if (is_read) {
      copy(Slice(tar, piece.content_offset, piece.content_size), hasher);
      hash = hasher.finish();
    }
    const bool is_unread = piece.content_size > 0 && !is_read;
    const bool ends = cutter.add(piece, hash);
    group.gap_bytes += piece.gap.size();
    group.entries.push_back(
        {std::move(piece.gap), piece.content_offset, piece.content_size, hash, std::move(piece.path)});
    if (ends || is_unread) end_group(!is_unread);
  });
  end_group(true);
}

}  // namespace docker_sync
