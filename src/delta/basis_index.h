// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What the destination holds in the basis: every content by its hash, and by what its path says of it. Filled while
// the basis layers are read, then sealed and looked up. What is added without a hash is hashed when a content of its
// very size is looked for. Sorted arrays of fixed-size entries, no strings and no hash maps: at most 64 bytes per
// file, so that an index of a million files stays below the memory bound.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "delta/path_key.h"

namespace docker_sync {

/// Where a content lies: `size` bytes at `offset` of the basis layer that the caller numbered `layer`.
struct BasisFile {
  uint32_t layer = 0;
  uint64_t offset = 0, size = 0;
  bool operator==(const BasisFile&) const = default;
};

/// That of a content which was not read.
inline constexpr ContentHash kNotHashed{};

class BasisIndex {
 public:
  /// Reads what was added as kNotHashed.
  using HashOf = std::function<ContentHash(const BasisFile&)>;

  explicit BasisIndex(HashOf hash_of = {}) : hash_of_(std::move(hash_of)) {}

  /// In any order: of equals, the one in the layer of the highest number is preferred. Throws ExitCode::image beyond
  /// 65,536 layers, offsets of 2^48 or 2^32 files.
  void add(uint32_t layer, uint64_t offset, uint64_t size, const PathKey& key, const ContentHash& hash);
  void add(uint32_t layer, uint64_t offset, uint64_t size, std::string_view path, const ContentHash& hash) {
    add(layer, offset, size, path_key(path), hash);
  }

  /// Sorts what was added. If more is, it has to be sealed again.
  void seal();

  /// That very content, by its hash or the short one. Throws what HashOf does. REQUIRES: sealed.
  [[nodiscard]] std::optional<BasisFile> find(const ContentHash& hash, uint64_t size);
  [[nodiscard]] std::optional<BasisFile> find(ShortHash hash, uint64_t size);

  /// The file that a new one of `size` bytes at `path` was most likely made from: the same path, else the same path but
  /// for versions, else the same name but for versions in the most similar folder; of several the closest in size, then
  /// the topmost. Nothing if all are ten times larger or smaller. REQUIRES: sealed.
  [[nodiscard]] std::optional<BasisFile> find_similar(std::string_view path, uint64_t size) const;

  /// The same, but only what has its path, or has it but for versions.
  [[nodiscard]] std::optional<BasisFile> find_predecessor(std::string_view path, uint64_t size) const;

  [[nodiscard]] size_t size() const { return files_.size(); }

 private:
  struct File {
    ContentHash hash;
    uint64_t place;  ///< layer << 48 | offset
    uint64_t size;
    PathKey key;
    [[nodiscard]] BasisFile found() const;
  };
  static_assert(sizeof(File) == 48);

  struct Choice;

  [[nodiscard]] std::optional<BasisFile> find_unread(uint64_t size,
                                                     const std::function<bool(const ContentHash&)>& is_wanted);
  [[nodiscard]] Choice choose_predecessor(std::string_view path, const PathKey& key, uint64_t size) const;
  void consider_same_path(const PathKey& key, Choice& choice) const;
  void consider_stripped_path(const PathKey& key, Choice& choice) const;
  void consider_name(const PathKey& key, Naming naming, Choice& choice) const;

  HashOf hash_of_;
  /// By hash once sealed, after those that had none, by size; a deque, so that it never holds itself twice while it
  /// grows.
  std::deque<File> files_;
  std::deque<File>::iterator hashed_;  ///< once sealed: the first that had a hash
  std::vector<uint32_t> by_path_;  ///< indices of files_ by (stripped, path, size, place)
  std::vector<uint32_t> by_name_;  ///< indices of files_ by (name, size, place)
  bool sealed_ = false;
};

}  // namespace docker_sync
