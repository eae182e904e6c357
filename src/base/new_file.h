// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A file that has a name of its own while it is written, and gets the one that it is meant for when it is whole:
// whoever opens that never sees half of it.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/fd.h"

namespace docker_sync {

class NewFile {
 public:
  /// Makes FOLDER/PREFIX and some characters, of `mode` less the umask. Throws ExitCode::disk if that cannot be.
  NewFile(const std::string& folder, std::string_view prefix, mode_t mode = 0600);
  /// Removes it, if it has got no other name.
  ~NewFile();
  NewFile(NewFile&& other) noexcept : path_(std::move(other.path_)), fd_(std::move(other.fd_)) { other.path_.clear(); }
  NewFile& operator=(NewFile&&) = delete;

  [[nodiscard]] const Fd& fd() const { return fd_; }

  /// Replaces what has that name. Throws ExitCode::disk; then it keeps its own.
  void rename_to(const std::string& path);

 private:
  std::string path_;
  Fd fd_;
};

}  // namespace docker_sync
