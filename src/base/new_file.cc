// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/new_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/error.h"

namespace docker_sync {

NewFile::NewFile(const std::string& folder, std::string_view prefix)
    : path_(folder + "/" + std::string(prefix) + "XXXXXX") {
  fd_ = Fd(::mkostemp(path_.data(), O_CLOEXEC));
  if (!fd_) throw_errno(ExitCode::disk, "cannot write in " + folder, errno);
}

NewFile::~NewFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

void NewFile::rename_to(const std::string& path) {
  if (::rename(path_.c_str(), path.c_str()) != 0) throw_errno(ExitCode::disk, "cannot rename " + path_, errno);
  path_.clear();
}

}  // namespace docker_sync
