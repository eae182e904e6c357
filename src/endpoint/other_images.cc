// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/other_images.h"

#include <algorithm>

#include "base/log.h"
#include "endpoint/basis_reader.h"

namespace docker_sync {

namespace {

// Small contents cost little to send, and their indexes most of the memory.
constexpr uint64_t kSmallest = 64 << 10;
// An engine saves some 100 MB/s: for less it would take longer than a link of 10 Mbit/s does.
constexpr uint64_t kLeastBytes = 1 << 20, kMostReadPerByte = 128;
constexpr size_t kMostHeld = 1 << 19;

}  // namespace

void OtherImages::choose(std::deque<AskedContent>& asked) {
  std::vector<AskedContent*> missing;
  uint64_t bytes = chosen_bytes_;
  for (AskedContent& one : asked) {
    if (one.size < kSmallest || one.here) continue;
    missing.push_back(&one);
    bytes += one.size;
  }
  if (missing.empty() || bytes < kLeastBytes) return;
  if (!images_) look_at_cache();

  bytes = chosen_bytes_;
  std::set<Digest> layers = chosen_;
  std::erase_if(missing, [&](const AskedContent* one) {
    const Digest* layer = find(*one, layers);
    if (layer == nullptr) return true;
    layers.insert(*layer);
    bytes += one->size;
    return false;
  });
  if (missing.empty() || !pays(bytes, layers)) return;
  for (AskedContent* one : missing) one->elsewhere = true;
  chosen_ = std::move(layers);
  chosen_bytes_ = bytes;
}

void OtherImages::look_at_cache() {
  images_.emplace();
  std::set<Digest> layers = cache_.layers();
  for (uint32_t number = 0; number < basis_.diff_ids().size(); ++number) {
    if (basis_.has(number)) layers.erase(basis_.diff_ids()[number]);
  }
  if (layers.empty()) return;
  *images_ = engine_.list();
  (void)images_holding(*images_, layers);
  for (const Digest& layer : layers) {
    const std::optional<LayerIndex> index = cache_.look_at(layer);
    if (!index) continue;
    const auto number = static_cast<uint32_t>(layers_.size());
    layers_.push_back(layer);
    auto file = index->files.begin();
    for (const LayerIndex::Content& content : index->contents) {
      if (content.size >= kSmallest && file->hash != kNotHashed && held_.size() < kMostHeld) {
        held_.push_back({short_hash(file->hash), content.size, number});
      }
      if (content.size > 0) ++file;
    }
  }
  std::sort(held_.begin(), held_.end());
}

const Digest* OtherImages::find(const AskedContent& asked, const std::set<Digest>& preferred) const {
  const auto begin = std::lower_bound(held_.begin(), held_.end(), Held{asked.hash, asked.size, 0});
  const auto is_same = [&](const Held& held) { return held.hash == asked.hash && held.size == asked.size; };
  if (begin == held_.end() || !is_same(*begin)) return nullptr;
  for (auto at = begin; at != held_.end() && is_same(*at); ++at) {
    if (preferred.contains(layers_[at->layer])) return &layers_[at->layer];
  }
  return &layers_[begin->layer];
}

bool OtherImages::pays(uint64_t bytes, std::set<Digest> layers) const {
  uint64_t read = 0;
  for (const ImageInfo& image : images_holding(*images_, layers)) read += image.size;
  return bytes >= kLeastBytes && bytes >= read / kMostReadPerByte;
}

std::unique_ptr<const Basis> OtherImages::read(const std::function<void()>& on_progress) {
  auto contents = std::make_unique<Basis>(std::vector<Digest>(chosen_.begin(), chosen_.end()), std::set<Digest>(),
                                          cache_, times_);
  BasisReading reading;
  reading.layers = chosen_;
  reading.images = images_holding(*images_, reading.layers);
  reading.on_progress = [&](uint64_t, uint64_t) { on_progress(); };
  try {
    read_basis(engine_, space_, reader_, reading, *contents);
  } catch (const Error& error) {
    on_progress();  // Ours to throw on if it is the end of the sync.
    verbose(std::string("contents of other images could not be read: ") + error.what());
  }
  contents->seal();
  return contents;
}

}  // namespace docker_sync
