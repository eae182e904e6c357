// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/layer_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/compression.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/new_file.h"
#include "endpoint/cache_folder.h"

namespace docker_sync {

namespace {

constexpr std::string_view kMagic = "dslayer";
constexpr size_t kHeadBytes = 7 + 1 + sizeof(ContentHash);
constexpr std::string_view kNewPrefix = ".new-";
constexpr time_t kNewLivesSeconds = 24 * 60 * 60;
constexpr int kLevel = 3;

/// Hands on what it reads or is written, and hashes it.
class HashedSource : public Source {
 public:
  explicit HashedSource(Source& below) : below_(&below) {}
  [[nodiscard]] size_t read(MutableBytes out) override {
    const size_t count = below_->read(out);
    hasher_.write(out.first(count));
    return count;
  }
  [[nodiscard]] ContentHash finish() { return hasher_.finish(); }

 private:
  Source* below_;
  ContentHasher hasher_;
};

Bytes make_head(const ContentHash& hash) {
  Bytes head(kMagic.begin(), kMagic.end());
  head.push_back(kLayerIndexVersion);
  head.insert(head.end(), hash.bytes.begin(), hash.bytes.end());
  return head;
}

LayerIndex read_index(const Fd& file, const Digest& layer) {
  FdSource bytes(file);
  Bytes head(kHeadBytes);
  head.resize(read_full(bytes, head));
  HashedSource hashed(bytes);
  ZstdSource plain(hashed);
  RecordReader records(plain);
  if (records.digest() != layer) throw_protocol("the index of another layer");
  LayerIndex index = get_layer_index(records);
  CallbackSink nowhere([](ByteView) {});
  copy(plain, nowhere);  // to the end: all of it is hashed
  if (head != make_head(hashed.finish())) throw_protocol("a damaged index");
  return index;
}

/// Returns the file's size.
uint64_t write_index(const Fd& file, const Digest& layer, const LayerIndex& index) {
  write_all(file, make_head({}));
  ContentHasher hasher;
  uint64_t size = kHeadBytes;
  CallbackSink hashed([&](ByteView bytes) {
    hasher.write(bytes);
    size += bytes.size();
    write_all(file, bytes);
  });
  ZstdSink packed(hashed, kLevel);
  packed.write(layer.bytes);
  put_layer_index(packed, index);
  packed.finish();
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw_errno(ExitCode::disk, "cannot seek", errno);
  write_all(file, make_head(hasher.finish()));
  return size;
}

}  // namespace

std::optional<LayerIndex> LayerCache::find(const Digest& layer) const {
  auto index = look_at(layer);
  if (index) ::utimensat(AT_FDCWD, path_of(layer).c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
  return index;
}

std::optional<LayerIndex> LayerCache::look_at(const Digest& layer) const {
  if (folder_.empty()) return std::nullopt;
  // Not blocking: whatever else may lie there under that name.
  const Fd file(::open(path_of(layer).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return std::nullopt;
  try {
    return read_index(file, layer);
  } catch (const Error& error) {
    verbose("dropped the index of layer " + layer.brief() + ": " + error.what());
    remove(layer);
    return std::nullopt;
  }
}

void LayerCache::store(const Digest& layer, const LayerIndex& index) const {
  if (folder_.empty() || index.contents.size() > kMostIndexedPieces) return;
  try {
    make_folders(folder_);
    NewFile file(folder_, kNewPrefix);
    // One that would push out most of the others is not worth it.
    if (write_index(file.fd(), layer, index) > most_bytes_ / 2) return;
    file.rename_to(path_of(layer));
  } catch (const Error& error) {
    verbose(std::string("layer indexes are not kept: ") + error.what());
    return;
  }
  keep_within_bounds();
}

void LayerCache::remove(const Digest& layer) const {
  if (!folder_.empty()) ::unlink(path_of(layer).c_str());
}

std::set<Digest> LayerCache::layers() const {
  std::set<Digest> layers;
  if (folder_.empty()) return layers;
  for (const std::string& name : files_in(folder_)) {
    if (const auto layer = named_digest(name)) layers.insert(*layer);
  }
  return layers;
}

void LayerCache::keep_within_bounds() const {
  using Age = std::tuple<time_t, long, uint64_t, std::string>;  // of equals in time, the smallest first
  std::vector<Age> files;
  uint64_t total = 0;
  for (const std::string& name : files_in(folder_)) {
    const std::string path = folder_ + "/" + name;
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if (name.starts_with(kNewPrefix)) {
      // What kill -9 left; a living writer takes a second.
      if (info.st_mtim.tv_sec < std::time(nullptr) - kNewLivesSeconds) ::unlink(path.c_str());
    } else if (named_digest(name)) {
      const auto size = static_cast<uint64_t>(info.st_size);
      total += size;
      files.emplace_back(info.st_mtim.tv_sec, info.st_mtim.tv_nsec, size, path);
    }
  }
  std::sort(files.begin(), files.end());
  for (const auto& [seconds, nanoseconds, size, path] : files) {
    if (total <= most_bytes_) break;
    ::unlink(path.c_str());
    total -= size;
  }
}

}  // namespace docker_sync
