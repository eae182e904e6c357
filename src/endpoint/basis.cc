// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/basis.h"

#include <algorithm>
#include <cassert>

namespace docker_sync {

namespace {

/// A layer that is as long as its index says, which is found out when it is first read: to ask may be to read all of it.
class IndexedTar : public RandomAccess {
 public:
  IndexedTar(std::unique_ptr<RandomAccess> tar, uint64_t size) : tar_(std::move(tar)), size_(size) {}
  [[nodiscard]] uint64_t size() const override { return size_; }
  void read_at(uint64_t offset, MutableBytes out) const override {
    if (tar_->size() != size_) throw Error(ExitCode::verification, "the index of a layer is wrong", "try again");
    tar_->read_at(offset, out);
  }

 private:
  std::unique_ptr<RandomAccess> tar_;
  uint64_t size_;
};

}  // namespace

Basis::Basis(std::vector<Digest> layers, const LayerCache& cache, StageTimes& times)
    : diff_ids_(std::move(layers)), cache_(cache), times_(times), layers_(diff_ids_.size()) {}

uint32_t Basis::number_of(const Digest& layer) const {
  const auto found = std::find(diff_ids_.begin(), diff_ids_.end(), layer);
  assert(found != diff_ids_.end());
  return static_cast<uint32_t>(found - diff_ids_.begin());
}

const RandomAccess& Basis::add(uint32_t number, std::unique_ptr<RandomAccess> tar) {
  const Digest& diff_id = diff_ids_.at(number);
  std::optional<LayerIndex> index = cache_.find(diff_id);
  if (!index) {
    const InStage stage(times_, "index the basis", tar->size());
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
  auto indexed = std::make_unique<IndexedTar>(std::move(tar), index->tar_bytes);
  layers_.at(number) = {std::move(indexed), std::move(*index)};
  return *layers_.at(number).tar;
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
  const uint64_t size = basis.size(place.layer);
  if (place.size > size || place.offset > size - place.size) throw_protocol("a place outside of a layer");
}

}  // namespace docker_sync
