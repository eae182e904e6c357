// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/seed_table.h"

#include <doctest/doctest.h>

#include <random>

#include "fixture.h"

using namespace docker_sync;

namespace {

std::optional<size_t> find(const SeedTable& table, const Bytes& bytes, size_t at) {
  return table.find(table.key(&bytes[at]), &bytes[at]);
}

}  // namespace

TEST_CASE("most seeds at every fourth position are found where they are") {
  const Bytes bytes = noise(100'000, 1);
  const SeedTable table(bytes);
  size_t found = 0;
  for (size_t at = 0; at + kSeedBytes <= bytes.size(); at += 4) found += find(table, bytes, at) == at;
  CHECK(found > 25'000 / 2);
}

TEST_CASE("what is not there is not found") {
  const Bytes bytes = noise(100'000, 1), others = noise(100'000, 2);
  const SeedTable table(bytes);
  for (size_t at = 0; at + kSeedBytes <= others.size(); ++at) CHECK_FALSE(find(table, others, at));
}

TEST_CASE("one byte over and over is no seed") {
  const Bytes zeros(1000);
  CHECK_FALSE(find(SeedTable(zeros), zeros, 0));
}

TEST_CASE("a table of fewer bytes than a seed has nothing in it") {
  const Bytes bytes = noise(16, 1);
  for (size_t size = 0; size < kSeedBytes; ++size) CHECK_FALSE(find(SeedTable(ByteView(bytes).first(size)), bytes, 0));
  CHECK(find(SeedTable(bytes), bytes, 0) == 0);
}
