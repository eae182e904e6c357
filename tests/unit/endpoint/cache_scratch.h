// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A folder for a cache of the test's own, which goes with the test.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace docker_sync {

struct CacheScratch {
  CacheScratch() {
    std::string name = "/tmp/docker-sync-cache-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~CacheScratch() { std::filesystem::remove_all(path); }
  CacheScratch(const CacheScratch&) = delete;
  CacheScratch& operator=(const CacheScratch&) = delete;

  std::string path;
};

}  // namespace docker_sync
