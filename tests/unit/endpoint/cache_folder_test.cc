// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/cache_folder.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "cache_scratch.h"

using namespace docker_sync;

namespace {

/// A variable of the environment, for as long as this lives; null: unset.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = ::getenv(name)) before_ = before;
    value != nullptr ? ::setenv(name, value, 1) : ::unsetenv(name);
  }
  ~Variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

std::string folder_with(const char* cache, const char* home) {
  const Variable xdg("XDG_CACHE_HOME", cache), user("HOME", home);
  return default_cache_folder();
}

}  // namespace

TEST_CASE("the cache is where XDG says, else in the home, else nowhere") {
  CHECK(folder_with("/var/cache/me", "/home/me") == "/var/cache/me/docker-sync");
  CHECK(folder_with(nullptr, "/home/me") == "/home/me/.cache/docker-sync");
  CHECK(folder_with("", "/home/me") == "/home/me/.cache/docker-sync");
  CHECK(folder_with("relative", "/home/me") == "/home/me/.cache/docker-sync");
  CHECK(folder_with(nullptr, nullptr).empty());
  CHECK(folder_with(nullptr, "relative").empty());
  CHECK(folder_in_cache("/c", "layers") == "/c/layers");
  CHECK(folder_in_cache("", "layers").empty());
}

TEST_CASE("each engine has marks of its own") {
  CHECK(journal_name("") == "loading");
  CHECK(journal_name("unix:///a.sock").starts_with("loading-"));
  CHECK(journal_name("unix:///a.sock") != journal_name("unix:///b.sock"));
  CHECK(journal_name("unix:///a.sock").find('/') == std::string::npos);
}

TEST_CASE("folders are made with those above them, and closed to others") {
  const CacheScratch scratch;
  const std::string path = scratch.path + "/made/when/needed";
  make_folders(path);
  make_folders(path);
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0700);
  std::vector<std::string> names = files_in(scratch.path + "/made");
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{".", "..", "when"});
  CHECK(files_in(scratch.path + "/nowhere").empty());
}
