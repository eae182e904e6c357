// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/new_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/error.h"

namespace docker_sync {

NewFile::NewFile(const std::string& folder, std::string_view prefix, mode_t mode) {
  // Not mkostemp(): its mode is 0600, and what the umask is nobody can ask without changing it for all threads.
  do {
    uint32_t number = 0;
    if (::getrandom(&number, sizeof number, 0) < 0) throw_errno(ExitCode::disk, "cannot name a new file in " + folder, errno);
    path_ = fmt::format("{}/{}{:08x}", folder, prefix, number);
    fd_ = Fd(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  } while (!fd_ && errno == EEXIST);
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
