// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/cache_folder.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "base/error.h"

namespace docker_sync {

std::string default_cache_folder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr && *value == '/' ? value : "");
  };
  if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache + "/docker-sync";
  if (const std::string home = variable("HOME"); !home.empty()) return home + "/.cache/docker-sync";
  return {};
}

std::string folder_in_cache(const std::string& cache, const std::string& name) {
  return cache.empty() ? "" : cache + "/" + name;
}

std::string journal_name(const std::string& address) {
  return address.empty() ? "loading" : "loading-" + Digest::of(as_bytes(address)).hex().substr(0, 16);
}

void make_folders(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    ::mkdir(path.substr(0, slash).c_str(), 0700);
  }
  ::mkdir(path.c_str(), 0700);
}

std::optional<Digest> named_digest(const std::string& name) {
  try {
    return Digest::parse("sha256:" + name);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<std::string> find_word(const std::string& folder, const std::string& name) {
  char word[128];
  const ssize_t size = ::readlink((folder + "/" + name).c_str(), word, sizeof word);
  if (size <= 0 || size == sizeof word) return std::nullopt;
  return std::string(word, static_cast<size_t>(size));
}

void keep_word(const std::string& folder, const std::string& name, const std::string& word, size_t most) {
  const auto kept_word = find_word(folder, name);
  if (kept_word == word) return;
  make_folders(folder);
  if (const auto kept = files_in(folder); !kept_word && kept.size() >= most) {
    for (const std::string& other : kept) ::unlink((folder + "/" + other).c_str());
  }
  const std::string path = folder + "/" + name;
  ::unlink(path.c_str());
  (void)!::symlink(word.c_str(), path.c_str());
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

}  // namespace docker_sync
