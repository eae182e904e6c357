// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A file that has a name of its own while it is written, and gets the one that it is meant for when it is whole:
// whoever opens that never sees half of it.
#pragma once

#include <string>

#include "base/fd.h"

namespace docker_sync {

class NewFile {
 public:
  /// Makes FOLDER/PREFIX and six characters, of mode 0600. Throws ExitCode::disk if that cannot be.
  NewFile(const std::string& folder, std::string_view prefix);
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
