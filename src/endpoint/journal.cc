// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "endpoint/cache_folder.h"

namespace docker_sync {

namespace {

Fd open_locked(const std::string& path, int flags) {
  Fd fd(::open(path.c_str(), flags | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) fd.reset();
  return fd;
}

}  // namespace

void Journal::Entry::forget() noexcept {
  if (!path_.empty()) ::unlink(path_.c_str());
  path_.clear();
  lock_.reset();
}

Journal::Entry Journal::begin(const Digest& image) {
  if (folder_.empty()) return {};
  make_folders(folder_);
  const std::string path = folder_ + "/" + image.hex();
  Fd lock = open_locked(path, O_CREAT);
  if (!lock) {
    verbose("no journal in " + folder_);
    return {};
  }
  return {path, std::move(lock)};
}

void Journal::sweep(Engine& engine, const std::optional<Digest>& keep) {
  if (folder_.empty()) return;
  for (const std::string& name : files_in(folder_)) {
    const std::optional<Digest> image = named_digest(name);
    if (!image || image == keep) continue;
    const std::string path = folder_ + "/" + name;
    const Fd lock = open_locked(path, 0);
    if (!lock) continue;  // Its process lives.
    engine.remove_untagged(image->text());
    ::unlink(path.c_str());
  }
}

}  // namespace docker_sync
