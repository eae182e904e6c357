// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/section.h"

#include <doctest/doctest.h>

#include <random>

#include "base/error.h"
#include "fixture.h"

using namespace docker_sync;

namespace {

Bytes packed(ByteView section, int level) {
  Bytes bytes;
  pack_section(section, level, bytes);
  return bytes;
}

Bytes unpacked(const Bytes& bytes, size_t size, ByteView prefix = {}) {
  MemorySource source(bytes);
  PatchReader reader(source);
  const Bytes section = reader.section(size, prefix);
  CHECK(reader.at_end());
  return section;
}

}  // namespace

TEST_CASE("sections of every size come back at every level") {
  for (const size_t size : {0, 1, 2, 100, 70'000}) {
    for (int level = 1; level <= 19; level += 6) {
      const Bytes zeros(size), any = noise(size, 1);
      CHECK(unpacked(packed(zeros, level), size) == zeros);
      CHECK(unpacked(packed(any, level), size) == any);
      CHECK(packed(any, level).size() <= size + 3);
    }
  }
}

TEST_CASE("what is in the prefix costs nothing") {
  const Bytes prefix = noise(100'000, 1), section = prefix;
  for (const int level : {1, 3, 9, 19}) {
    Bytes bytes;
    pack_section(section, prefix, level, bytes);
    CHECK(bytes.size() < 200);
    CHECK(unpacked(bytes, section.size(), prefix) == section);
    CHECK_THROWS_AS(unpacked(bytes, section.size()), Error);
  }
}

TEST_CASE("a section that is longer or shorter than it says is a protocol error") {
  const Bytes bytes = packed(Bytes(1000), 3);
  CHECK_THROWS_AS(unpacked(bytes, 999), Error);
  CHECK_THROWS_AS(unpacked(bytes, 1001), Error);
}
