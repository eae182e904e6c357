// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/basis_index.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <tuple>

#include "base/error.h"

namespace docker_sync {

namespace {

constexpr int kOffsetBits = 48;
constexpr uint64_t kHopelessRatio = 10;  // At most a tenth of the larger file can come from the smaller.
constexpr uint64_t kStrangerRatio = 2;   // For files that have nothing but a name in common.
constexpr ptrdiff_t kMostCompared = 1024;  // A basis of a million files of one name must not cost 10^12 steps.
constexpr ptrdiff_t kMostOfOneName = 16;   // A name that more files have says nothing without its folder.

uint64_t distance(uint64_t a, uint64_t b) { return a > b ? a - b : b - a; }

bool within_ratio(uint64_t a, uint64_t b, uint64_t ratio) {
  return a > 0 && b > 0 && a / ratio <= b && b / ratio <= a;
}

}  // namespace

BasisFile BasisIndex::File::found() const {
  return {static_cast<uint32_t>(place >> kOffsetBits), place & ((uint64_t{1} << kOffsetBits) - 1), size};
}

/// The best candidate so far. Candidates are ranked by folders in common, then by size, then by layer.
struct BasisIndex::Choice {
  uint64_t wanted;
  const File* best = nullptr;
  size_t best_folders = 0;

  [[nodiscard]] std::optional<BasisFile> found() const {
    return best == nullptr ? std::nullopt : std::optional(best->found());
  }
  void offer(const File& file, size_t folders = 0) {
    if (!within_ratio(file.size, wanted, kHopelessRatio)) return;
    const auto rank = [&](const File& f, size_t shared) {
      return std::tuple(~shared, distance(f.size, wanted), ~f.place);
    };
    if (best == nullptr || rank(file, folders) < rank(*best, best_folders)) {
      best = &file;
      best_folders = folders;
    }
  }
};

void BasisIndex::add(uint32_t layer, uint64_t offset, uint64_t size, const PathKey& key, const ContentHash& hash) {
  sealed_ = false;
  if (layer > UINT16_MAX || offset >> kOffsetBits != 0 || files_.size() >= UINT32_MAX) {
    throw Error(ExitCode::image, "the images to build on are too large to index");
  }
  files_.push_back({hash, uint64_t{layer} << kOffsetBits | offset, size, key});
}

void BasisIndex::seal() {
  std::sort(files_.begin(), files_.end(), [](const File& a, const File& b) {
    return std::tie(a.hash, a.size, b.place) < std::tie(b.hash, b.size, a.place);
  });
  hashed_ = std::upper_bound(files_.begin(), files_.end(), kNotHashed,
                             [](const ContentHash& none, const File& file) { return none < file.hash; });
  by_path_.resize(files_.size());
  std::iota(by_path_.begin(), by_path_.end(), 0);
  by_name_ = by_path_;
  std::sort(by_path_.begin(), by_path_.end(), [&](uint32_t a, uint32_t b) {
    const File &x = files_[a], &y = files_[b];
    return std::tie(x.key.stripped, x.key.path, x.size, x.place) <
           std::tie(y.key.stripped, y.key.path, y.size, y.place);
  });
  std::sort(by_name_.begin(), by_name_.end(), [&](uint32_t a, uint32_t b) {
    const File &x = files_[a], &y = files_[b];
    return std::tie(x.key.name, x.size, x.place) < std::tie(y.key.name, y.size, y.place);
  });
  sealed_ = true;
}

std::optional<BasisFile> BasisIndex::find(const ContentHash& hash, uint64_t size) {
  assert(sealed_);
  const auto at =
      std::lower_bound(hashed_, files_.end(), std::tie(hash, size),
                       [](const File& file, const auto& key) { return std::tie(file.hash, file.size) < key; });
  if (at != files_.end() && at->hash == hash && at->size == size) return at->found();
  return find_unread(size, [&](const ContentHash& other) { return other == hash; });
}

std::optional<BasisFile> BasisIndex::find(ShortHash hash, uint64_t size) {
  assert(sealed_);
  ContentHash lowest;
  for (size_t i = 0; i < sizeof hash; ++i) lowest.bytes[i] = static_cast<uint8_t>(hash >> 8 * i);
  auto at = std::lower_bound(hashed_, files_.end(), lowest,
                             [](const File& file, const ContentHash& wanted) { return file.hash < wanted; });
  for (; at != files_.end() && short_hash(at->hash) == hash; ++at) {
    if (at->size == size) return at->found();
  }
  return find_unread(size, [&](const ContentHash& other) { return short_hash(other) == hash; });
}

std::optional<BasisFile> BasisIndex::find_unread(uint64_t size,
                                                 const std::function<bool(const ContentHash&)>& is_wanted) {
  auto at = std::lower_bound(files_.begin(), hashed_, size,
                             [](const File& file, uint64_t wanted) { return file.size < wanted; });
  for (; at != hashed_ && at->size == size; ++at) {
    if (at->hash == kNotHashed) at->hash = hash_of_(at->found());
    if (is_wanted(at->hash)) return at->found();
  }
  return std::nullopt;
}

BasisIndex::Choice BasisIndex::choose_predecessor(std::string_view path, const PathKey& key, uint64_t size) const {
  assert(sealed_);
  Choice choice{size};
  consider_same_path(key, choice);
  if (choice.best == nullptr && naming(path) != Naming::nameless) consider_stripped_path(key, choice);
  return choice;
}

std::optional<BasisFile> BasisIndex::find_predecessor(std::string_view path, uint64_t size) const {
  return choose_predecessor(path, path_key(path), size).found();
}

std::optional<BasisFile> BasisIndex::find_similar(std::string_view path, uint64_t size) const {
  const PathKey key = path_key(path);
  Choice choice = choose_predecessor(path, key, size);
  const Naming kind = naming(path);
  if (choice.best == nullptr && kind != Naming::nameless) consider_name(key, kind, choice);
  return choice.found();
}

void BasisIndex::consider_same_path(const PathKey& key, Choice& choice) const {
  // In order of size: of the sizes around the wanted one, the last place of each is the topmost.
  const auto end_of = [&](uint64_t size) {
    return std::upper_bound(by_path_.begin(), by_path_.end(), std::tie(key.stripped, key.path, size),
                            [&](const auto& wanted, uint32_t index) {
                              const File& file = files_[index];
                              return wanted < std::tie(file.key.stripped, file.key.path, file.size);
                            });
  };
  const auto is_same = [&](uint32_t index) {
    return files_[index].key.stripped == key.stripped && files_[index].key.path == key.path;
  };
  const auto above = end_of(choice.wanted);
  if (above != by_path_.begin() && is_same(*std::prev(above))) choice.offer(files_[*std::prev(above)]);
  if (above != by_path_.end() && is_same(*above)) choice.offer(files_[*std::prev(end_of(files_[*above].size))]);
}

void BasisIndex::consider_stripped_path(const PathKey& key, Choice& choice) const {
  auto at = std::lower_bound(by_path_.begin(), by_path_.end(), key.stripped,
                             [&](uint32_t index, uint32_t wanted) { return files_[index].key.stripped < wanted; });
  for (ptrdiff_t i = 0; i < kMostCompared && at != by_path_.end() && files_[*at].key.stripped == key.stripped;
       ++i, ++at) {
    choice.offer(files_[*at]);
  }
}

void BasisIndex::consider_name(const PathKey& key, Naming kind, Choice& choice) const {
  const auto before = [&](uint32_t index, const std::tuple<uint32_t, uint64_t>& wanted) {
    return std::tie(files_[index].key.name, files_[index].size) < wanted;
  };
  const auto bound = [&](uint64_t size) {
    return std::lower_bound(by_name_.begin(), by_name_.end(), std::tuple(key.name, size), before);
  };
  // From a tenth of the size to ten times of it, as far as it may be compared, around the wanted size.
  const auto middle = bound(choice.wanted);
  auto first = bound(choice.wanted / kHopelessRatio);
  auto last = bound(choice.wanted > UINT64_MAX / kHopelessRatio ? UINT64_MAX : choice.wanted * kHopelessRatio);
  const bool generic = kind == Naming::generic || last - first > kMostOfOneName;
  first = middle - std::min(middle - first, kMostCompared / 2);
  last = middle + std::min(last - middle, kMostCompared / 2);
  for (; first != last; ++first) {
    const File& file = files_[*first];
    size_t shared = 0;
    while (shared < key.folders.size() && key.folders[shared] != 0 && key.folders[shared] == file.key.folders[shared]) {
      ++shared;
    }
    if (shared == 0 && (generic || !within_ratio(file.size, choice.wanted, kStrangerRatio))) continue;
    choice.offer(file, shared);
  }
}

}  // namespace docker_sync
