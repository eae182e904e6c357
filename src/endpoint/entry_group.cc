// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/entry_group.h"

#include <utility>

#include "image/entry_times.h"

namespace docker_sync {

namespace {

// Smaller groups cost more names, of 8 bytes, larger ones more entries around one that changed, of some 15. By that
// reckoning 32 is near the least where one entry of some hundreds changes.
constexpr uint8_t kEndMask = 31;
constexpr size_t kMostPieces = 128;

std::array<uint8_t, 8> little_endian(uint64_t value) {
  std::array<uint8_t, 8> bytes;
  for (uint8_t& byte : bytes) {
    byte = static_cast<uint8_t>(value);
    value >>= 8;
  }
  return bytes;
}

}  // namespace

std::optional<ByteView> without_padding(ByteView gap, uint64_t size_before) {
  const size_t padding = tar_padding(size_before);
  if (gap.size() < padding || !all_zero(gap.first(padding))) return std::nullopt;
  return gap.subspan(padding);
}

bool GroupCutter::add(const Piece& piece, const ContentHash& hash) {
  ByteView gap = piece.gap;
  if (pieces_ == 0) {
    const std::optional<ByteView> own = without_padding(gap, size_before_);
    nameable_ = own.has_value();
    gap = own.value_or(gap);
  }
  timeless_.assign(gap.begin(), gap.end());
  (void)take_times(timeless_);
  hasher_.write(little_endian(timeless_.size()));
  hasher_.write(timeless_);
  hasher_.write(little_endian(piece.content_size));
  if (piece.content_size > 0) hasher_.write(hash.bytes);
  size_before_ = piece.content_size;
  ++pieces_;
  gap_bytes_ += gap.size();
  return pieces_ == kMostPieces || gap_bytes_ >= kMaxGap ||
         (!piece.path.empty() && (content_hash(as_bytes(piece.path)).bytes[0] & kEndMask) == 0);
}

ShortHash GroupCutter::end() {
  const ShortHash name = short_hash(hasher_.finish());
  gap_bytes_ = 0;
  return std::exchange(pieces_, 0) > 0 && nameable_ ? name : kNoGroup;
}

void KnownGroups::set(uint32_t layer, std::vector<ShortHash> names) {
  for (uint32_t group = 0; group < names.size(); ++group) {
    if (names[group] == kNoGroup) continue;
    const auto [place, is_new] = places_.try_emplace(names[group], GroupPlace{layer, group});
    if (!is_new && place->second.layer < layer) place->second = {layer, group};
  }
  names_.at(layer) = std::move(names);
}

std::optional<GroupPlace> KnownGroups::find(ShortHash name, GroupPlace expected) const {
  if (name == kNoGroup) return std::nullopt;
  if (expected.layer < names_.size()) {
    const auto& layer = names_[expected.layer];
    if (expected.group < layer.size() && layer[expected.group] == name) return expected;
  }
  const auto place = places_.find(name);
  return place == places_.end() ? std::nullopt : std::optional(place->second);
}

}  // namespace docker_sync
