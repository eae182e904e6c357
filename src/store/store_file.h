// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Files of a store, opened so that nothing of it changes: no time of last access where that can be had, and nothing
// that a link in a layer could lead to outside of it. By this process, or by one that may open more (remote_files.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/io.h"

namespace docker_sync {

/// The folder, or none with errno set.
[[nodiscard]] Fd open_store_folder(const std::string& path);

/// The regular file of that relative path, for reading; links on the way are those of a root file system at `folder`.
/// None with errno set where it is not that.
[[nodiscard]] Fd open_in_store(const Fd& folder, const std::string& path);

/// Of letters and digits: the name of a file where it is, and of none elsewhere.
[[nodiscard]] bool is_plain_name(std::string_view name);

/// A file of a store as it is.
class StoreFile : public RandomAccess {
 public:
  /// Throws ExitCode::verification if the disk does not say how large it is.
  explicit StoreFile(Fd fd);
  [[nodiscard]] uint64_t size() const override { return size_; }
  void read_at(uint64_t offset, MutableBytes out) const override;

 private:
  Fd fd_;
  uint64_t size_ = 0;
};

/// Any thread.
class StoreFolder {
 public:
  virtual ~StoreFolder() = default;
  /// As open_in_store(); null with errno set. Throws ExitCode::verification where nothing can be opened any more.
  [[nodiscard]] virtual std::unique_ptr<RandomAccess> open(const std::string& path) const = 0;
};

/// How a process comes by them. Any thread.
class StoreFiles {
 public:
  virtual ~StoreFiles() = default;
  /// Null with errno set. Throws as StoreFolder::open().
  [[nodiscard]] virtual std::shared_ptr<const StoreFolder> folder(const std::string& path) = 0;
};

/// By itself.
[[nodiscard]] std::shared_ptr<StoreFiles> own_files();

/// The whole of a small file; nothing if it cannot be read, or is larger than that. Does not throw.
[[nodiscard]] std::optional<std::string> find_text(StoreFiles& files, const std::string& path,
                                                   size_t limit = 16 << 20);
[[nodiscard]] std::optional<std::string> find_text(const std::string& path, size_t limit = 16 << 20);

}  // namespace docker_sync
