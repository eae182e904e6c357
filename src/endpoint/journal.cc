// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/log.h"

namespace docker_sync {

namespace {

// <filesystem> would bring half a megabyte of locales into the helper.

Fd open_locked(const std::string& path, int flags) {
  Fd fd(::open(path.c_str(), flags | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) fd.reset();
  return fd;
}

void make_folders(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    ::mkdir(path.substr(0, slash).c_str(), 0700);
  }
  ::mkdir(path.c_str(), 0700);
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(folder.c_str()), ::closedir);
  while (listing) {
    const dirent* entry = ::readdir(listing.get());
    if (entry == nullptr) break;
    names.emplace_back(entry->d_name);
  }
  return names;
}

/// The image that a mark of that name stands for.
std::optional<Digest> marked_image(const std::string& name) {
  try {
    return Digest::parse("sha256:" + name);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::string Journal::default_folder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr && *value == '/' ? value : "");
  };
  if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache + "/docker-sync/loading";
  if (const std::string home = variable("HOME"); !home.empty()) return home + "/.cache/docker-sync/loading";
  return {};
}

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
    const std::optional<Digest> image = marked_image(name);
    if (!image || image == keep) continue;
    const std::string path = folder_ + "/" + name;
    const Fd lock = open_locked(path, 0);
    if (!lock) continue;  // Its process lives.
    engine.remove_untagged(image->text());
    ::unlink(path.c_str());
  }
}

}  // namespace docker_sync
