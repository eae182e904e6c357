// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/ssh_pattern.h"

#include <doctest/doctest.h>

using namespace docker_sync;

TEST_CASE("patterns match as ssh has them") {
  CHECK(matches_pattern("", ""));
  CHECK(matches_pattern("", "*"));
  CHECK(matches_pattern("abc", "a*c"));
  CHECK(matches_pattern("aXbXc", "*X*c"));
  CHECK(matches_pattern("abc", "???"));
  CHECK_FALSE(matches_pattern("abc", "??"));
  CHECK_FALSE(matches_pattern("abc", "a*d"));
  CHECK_FALSE(matches_pattern("", "?"));
  CHECK_FALSE(matches_pattern("A", "a"));
  CHECK_FALSE(matches_pattern(std::string(10000, 'a'), "*a*a*a*a*a*a*b"));
}

TEST_CASE("in a list one negated match ends all hope, in whatever place") {
  const auto matches = [](std::string_view list) { return matches_pattern_list("abc", split_commas(list)); };
  CHECK(matches("x,a*"));
  CHECK_FALSE(matches("a*,!abc"));
  CHECK_FALSE(matches("!abc,a*"));
  CHECK(matches("!x,a*"));
  CHECK_FALSE(matches("!x"));
  CHECK_FALSE(matches(""));
  CHECK_FALSE(matches(",,"));
}
