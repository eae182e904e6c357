// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Groups: runs of some thirty entries of a layer, named by one hash of all that they are but their times. They end
// where the hash of a path says so, so that an entry that comes or goes changes the group that it is in and no other.
// A group that the destination has in its basis costs a few bytes and the times of its entries, with all its contents.
// Rejected: a hash per content, which for a rebuilt layer of many files was most of what was sent.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "image/layer_split.h"

namespace docker_sync {

/// What no group is named by.
inline constexpr ShortHash kNoGroup = 0;

/// The gap of a group's first entry, without the padding of the content before, which is no part of the group. Nothing
/// if the padding is not what it should be.
[[nodiscard]] std::optional<ByteView> without_padding(ByteView gap, uint64_t size_before);

/// Cuts a layer's pieces into groups.
class GroupCutter {
 public:
  /// Adds the next piece; true if the group ends with it. `hash`: of its content, any if it has none.
  [[nodiscard]] bool add(const Piece& piece, const ContentHash& hash);
  /// The name of the group since the last end(), and begins the next one. kNoGroup if that was empty or cannot be
  /// named.
  [[nodiscard]] ShortHash end();

 private:
  ContentHasher hasher_;
  Bytes timeless_;
  uint64_t size_before_ = 0;
  size_t pieces_ = 0, gap_bytes_ = 0;
  bool nameable_ = true;
};

/// Where a group is in the basis.
struct GroupPlace {
  uint32_t layer = 0, group = 0;
  bool operator==(const GroupPlace&) const = default;
};

/// The names of the groups that the destination has.
class KnownGroups {
 public:
  explicit KnownGroups(size_t layers) : names_(layers) {}
  void set(uint32_t layer, std::vector<ShortHash> names);

  /// A place of that group: `expected` if it is there, else the one in the topmost layer.
  [[nodiscard]] std::optional<GroupPlace> find(ShortHash name, GroupPlace expected) const;

 private:
  std::vector<std::vector<ShortHash>> names_;
  std::unordered_map<ShortHash, GroupPlace> places_;
};

}  // namespace docker_sync
