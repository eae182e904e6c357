// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/basis.h"

#include <algorithm>
#include <cassert>

#include "image/layer_split.h"

namespace docker_sync {

Basis::Basis(std::vector<Digest> layers) : diff_ids_(std::move(layers)), layers_(diff_ids_.size()) {}

uint32_t Basis::number_of(const Digest& layer) const {
  const auto found = std::find(diff_ids_.begin(), diff_ids_.end(), layer);
  assert(found != diff_ids_.end());
  return static_cast<uint32_t>(found - diff_ids_.begin());
}

void Basis::add(uint32_t number, std::unique_ptr<Spool> tar) {
  Layer layer;
  GroupCutter cutter;
  ContentHasher hasher;
  bool begins = true;
  split_layer(*tar, [&](Piece&& piece) {
    if (begins) layer.group_begins.push_back(static_cast<uint32_t>(layer.contents.size()));
    layer.contents.push_back({piece.content_offset, piece.content_size});
    ContentHash hash;
    if (piece.content_size > 0) {
      copy(Slice(*tar, piece.content_offset, piece.content_size), hasher);
      hash = hasher.finish();
      const std::lock_guard lock(mutex_);
      index_.add(number, piece.content_offset, piece.content_size, piece.path, hash);
    }
    begins = cutter.add(piece, hash);
    if (begins) layer.group_names.push_back(cutter.end());
  });
  if (!begins) layer.group_names.push_back(cutter.end());
  layer.contents.shrink_to_fit();
  layer.tar = std::move(tar);
  const std::lock_guard lock(mutex_);
  layers_.at(number) = std::move(layer);
}

void Basis::seal() {
  const std::lock_guard lock(mutex_);
  index_.seal();
  ready_ = true;
  changed_.notify_all();
}

void Basis::close(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = error;
  changed_.notify_all();
}

void Basis::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ready_ || error_; });
  if (error_) throw Error(*error_);
}

bool Basis::has_all() const {
  return std::all_of(layers_.begin(), layers_.end(), [](const Layer& layer) { return layer.tar != nullptr; });
}

size_t Basis::group_begin(uint32_t number, size_t group) const {
  const Layer& layer = layers_.at(number);
  return group == layer.group_begins.size() ? layer.contents.size() : layer.group_begins.at(group);
}

void check_place(const Basis& basis, const BasisFile& place) {
  if (place.layer >= basis.diff_ids().size()) throw_protocol("a layer that is not in the basis");
  if (!basis.has(place.layer)) {
    throw Error(ExitCode::verification, "layer " + basis.diff_ids()[place.layer].brief() + " was removed while syncing",
                "try again");
  }
  const uint64_t size = basis.tar(place.layer).size();
  if (place.size > size || place.offset > size - place.size) throw_protocol("a place outside of a layer");
}

}  // namespace docker_sync
