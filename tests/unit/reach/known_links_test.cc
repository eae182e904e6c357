// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "reach/known_links.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "cache_scratch.h"

using namespace docker_sync;

namespace {

/// What is known of a way after this was stored, one after the other.
uint64_t known_after(std::initializer_list<LinkRate> rates) {
  const CacheScratch scratch;
  const KnownLinks links(scratch.path + "/links");
  for (const LinkRate& rate : rates) links.store("", "user@server", rate);
  return links.find("", "user@server").bytes_per_second;
}

}  // namespace

TEST_CASE("a link that was measured is known to the next run, the other way too until that was") {
  const CacheScratch scratch;
  KnownLinks(scratch.path + "/links").store("", "user@server", {1'000'000, false});
  const KnownLinks links(scratch.path + "/links");
  CHECK(links.find("", "user@server").bytes_per_second == 1'000'000);
  CHECK(links.find("user@server", "").bytes_per_second == 1'000'000);
  CHECK(links.find("", "user@other").bytes_per_second == 0);
  links.store("user@server", "", {9'000'000, false});
  CHECK(links.find("user@server", "").bytes_per_second == 9'000'000);
  CHECK(links.find("", "user@server").bytes_per_second == 1'000'000);
}

TEST_CASE("a link is as fast as it has shown, and slower only where it takes no more, by far") {
  CHECK(known_after({}) == 0);
  CHECK(known_after({{0, true}}) == 0);
  CHECK(known_after({{1000, false}, {4000, false}}) == 4000);
  CHECK(known_after({{4000, false}, {1000, false}}) == 4000);
  CHECK(known_after({{4000, false}, {3000, true}}) == 4000);
  CHECK(known_after({{4000, false}, {1000, true}}) == 1000);
  CHECK(known_after({{1000, true}, {4000, true}}) == 4000);
}

TEST_CASE("without a folder no link is known, and something else in its place is none") {
  const KnownLinks nowhere("");
  nowhere.store("", "user@server", {1000, false});
  CHECK(nowhere.find("", "user@server").bytes_per_second == 0);

  const CacheScratch scratch;
  const KnownLinks links(scratch.path);
  links.store("", "user@server", {1000, false});
  const auto entry = std::filesystem::directory_iterator(scratch.path)->path();
  for (const char* target : {"fast", "12x", "-5", "99999999999999999999999"}) {
    std::filesystem::remove(entry);
    std::filesystem::create_symlink(target, entry);
    CHECK(links.find("", "user@server").bytes_per_second == 0);
  }
  links.store("", "user@server", {2000, false});
  CHECK(links.find("", "user@server").bytes_per_second == 2000);
}

TEST_CASE("of too many links all others are forgotten") {
  const CacheScratch scratch;
  const KnownLinks links(scratch.path + "/links", 4);
  for (int host = 0; host < 20; ++host) links.store("", std::to_string(host), {1000, false});
  CHECK(links.find("", "19").bytes_per_second == 1000);
  using Iterator = std::filesystem::directory_iterator;
  CHECK(std::distance(Iterator(scratch.path + "/links"), Iterator()) <= 4);
}
