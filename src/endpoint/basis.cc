// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/basis.h"

#include <algorithm>
#include <cassert>

namespace docker_sync {

Basis::Basis(std::vector<Digest> layers, const LayerCache& cache)
    : diff_ids_(std::move(layers)), cache_(cache), layers_(diff_ids_.size()) {}

uint32_t Basis::number_of(const Digest& layer) const {
  const auto found = std::find(diff_ids_.begin(), diff_ids_.end(), layer);
  assert(found != diff_ids_.end());
  return static_cast<uint32_t>(found - diff_ids_.begin());
}

void Basis::add(uint32_t number, std::unique_ptr<Spool> tar) {
  const Digest& diff_id = diff_ids_.at(number);
  std::optional<LayerIndex> index = cache_.find(diff_id, tar->size());
  if (!index) {
    index = index_layer(*tar);
    cache_.store(diff_id, *index);
  }
  const std::lock_guard lock(mutex_);
  for (const Content& content : index->contents) {
    if (content.size == 0) continue;
    const LayerIndex::File& file = index->files.front();
    index_.add(number, content.offset, content.size, file.key, file.hash);
    index->files.pop_front();
  }
  index->contents.shrink_to_fit();
  layers_.at(number) = {std::move(tar), std::move(*index)};
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
  const LayerIndex& index = layers_.at(number).index;
  return group == index.group_begins.size() ? index.contents.size() : index.group_begins.at(group);
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
