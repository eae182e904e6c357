// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/image_info.h"

#include <doctest/doctest.h>

using namespace docker_sync;

namespace {

const Digest kA = Digest::of(as_bytes("a")), kB = Digest::of(as_bytes("b"));

}  // namespace

TEST_CASE("config digests decide where both sides have one") {
  CHECK(Identity{kA, {kA}, "x"}.same_as({kA, {kA}, "y"}));
  CHECK_FALSE(Identity{kA, {kA}, "x"}.same_as({kB, {kA}, "x"}));
}

TEST_CASE("diff_ids and fingerprint decide where one side has no config digest") {
  const Identity classic{kA, {kA, kB}, "x"};
  CHECK(classic.same_as({{}, {kA, kB}, "x"}));
  CHECK(Identity{{}, {kA, kB}, "x"}.same_as(classic));
  CHECK_FALSE(classic.same_as({{}, {kA, kB}, "another ENV"}));
  CHECK_FALSE(classic.same_as({{}, {kB, kA}, "x"}));
  CHECK_FALSE(classic.same_as({{}, {kA}, "x"}));
}

TEST_CASE("an image that shows no layers equals nothing but its own config digest") {
  CHECK_FALSE(Identity{{}, {}, "x"}.same_as({{}, {}, "x"}));
  CHECK_FALSE(Identity{kA, {}, "x"}.same_as({{}, {}, "x"}));
  CHECK(Identity{kA, {}, "x"}.same_as({kA, {}, "y"}));
}
