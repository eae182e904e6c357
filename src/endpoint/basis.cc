// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/basis.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <utility>

#include "base/log.h"

namespace docker_sync {

namespace {

/// What a look takes, with reading what may be the same: 0.1 s for Debian, 0.5 for node and npm on it.
constexpr double kLookSeconds = 0.25;
/// To spare less is not worth one whatever the link, which may not be known.
constexpr double kLeastSpared = 2 << 10;

}  // namespace

/// A layer that is as long as its index says, which is found out when it is first read: to ask may be to read all of it.
class Basis::Tar : public RandomAccess {
 public:
  explicit Tar(std::unique_ptr<RandomAccess> tar) : tar_(std::move(tar)) {}
  void expect(uint64_t size) { expected_ = size; }

  [[nodiscard]] uint64_t size() const override { return expected_ != kUnknown ? expected_.load() : tar_->size(); }
  void read_at(uint64_t offset, MutableBytes out) const override {
    if (expected_ != kUnknown && tar_->size() != expected_) {
      throw Error(ExitCode::verification, "the index of a layer is wrong", "try again");
    }
    tar_->read_at(offset, out);
  }
  [[nodiscard]] uint64_t at_once(uint64_t offset) const override { return tar_->at_once(offset); }

 private:
  static constexpr uint64_t kUnknown = UINT64_MAX;

  std::unique_ptr<RandomAccess> tar_;
  std::atomic<uint64_t> expected_ = kUnknown;
};

Basis::Basis(std::vector<Digest> layers, std::set<Digest> kept, const LayerCache& cache, StageTimes& times,
             uint64_t link)
    : diff_ids_(std::move(layers)),
      kept_(std::move(kept)),
      cache_(cache),
      times_(times),
      layers_(diff_ids_.size()),
      index_([this](const BasisFile& file) {
        const InStage stage(times_, "index the basis", file.size);
        ContentHasher hasher;
        copy(Slice(tar(file.layer), file.offset, file.size), hasher);
        return hasher.finish();
      }),
      kept_is_known_(kept_.empty()),
      worth_a_look_(std::max(kLookSeconds * static_cast<double>(link), kLeastSpared)) {}

Basis::~Basis() = default;

uint32_t Basis::number_of(const Digest& layer) const {
  const auto found = std::find(diff_ids_.begin(), diff_ids_.end(), layer);
  assert(found != diff_ids_.end());
  return static_cast<uint32_t>(found - diff_ids_.begin());
}

const RandomAccess& Basis::add(uint32_t number, std::unique_ptr<RandomAccess> tar) {
  const Digest& diff_id = diff_ids_.at(number);
  auto added = std::make_unique<Tar>(std::move(tar));
  LayerIndex index;
  if (!kept_.contains(diff_id)) {
    std::optional<LayerIndex> cached = cache_.find(diff_id);
    if (!cached || cached->is_outline()) {
      const InStage stage(times_, "index the basis", added->size());
      cached = index_layer(*added);
      cache_.store(diff_id, *cached);
    }
    index = std::move(*cached);
    added->expect(index.tar_bytes);
  }
  const std::lock_guard lock(mutex_);
  add_files(number, index);
  layers_.at(number) = {std::move(added), std::move(index)};
  return *layers_.at(number).tar;
}

void Basis::add_files(uint32_t number, LayerIndex& index) const {
  for (const Content& content : index.contents) {
    if (content.size == 0) continue;
    const LayerIndex::File& file = index.files.front();
    index_.add(number, content.offset, content.size, file.key, file.hash);
    index.files.pop_front();
  }
  index.contents.shrink_to_fit();
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

std::optional<BasisFile> Basis::find(const ContentHash& hash, uint64_t size) const {
  const std::lock_guard lock(mutex_);
  return index_.find(hash, size);
}

std::optional<BasisFile> Basis::find(ShortHash hash, uint64_t size) const {
  const std::lock_guard lock(mutex_);
  return index_.find(hash, size);
}

std::optional<BasisFile> Basis::find_similar(std::string_view path, uint64_t size) const {
  const std::lock_guard lock(mutex_);
  return index_.find_similar(path, size);
}

size_t Basis::files() const {
  const std::lock_guard lock(mutex_);
  return index_.size();
}

bool Basis::may_know_more(std::string_view path, uint64_t size) const {
  const std::lock_guard lock(mutex_);
  return !kept_is_known_ && !index_.find_predecessor(path, size);
}

bool Basis::pays_to_look(uint64_t bytes) const {
  const std::lock_guard lock(mutex_);
  not_spared_ += bytes;
  return static_cast<double>(not_spared_) >= worth_a_look_;
}

void Basis::look_into_kept() const {
  const std::lock_guard lock(mutex_);
  if (std::exchange(kept_is_known_, true)) return;
  const InStage stage(times_, "look into the basis");
  for (uint32_t number = 0; number < layers_.size(); ++number) {
    const Digest& diff_id = diff_ids_[number];
    if (!kept_.contains(diff_id) || !has(number)) continue;
    Tar& tar = *layers_[number].tar;
    try {
      std::optional<LayerIndex> index = cache_.find(diff_id);
      if (index) {
        tar.expect(index->tar_bytes);
      } else {
        index = outline_layer(tar);
        cache_.store(diff_id, *index);
      }
      add_files(number, *index);
    } catch (const Error& error) {
      if (error.code() != ExitCode::verification) throw;
      verbose("nothing is built on layer " + diff_id.brief() + ": " + error.what());
    }
  }
  index_.seal();
}

const RandomAccess& Basis::tar(uint32_t layer) const { return *layers_.at(layer).tar; }

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
