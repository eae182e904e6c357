// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/scratch.h"

#include <doctest/doctest.h>

#include "delta/archives.h"

using namespace docker_sync;

TEST_CASE("what was written can be read anywhere, in memory or beyond") {
  const SpoolFolder folder("/var/tmp");
  const Bytes bytes = archives::noise(1000);
  for (const size_t most : {0, 1, 999, 1000, 5000}) {
    Scratch scratch(folder, most);
    for (const auto& [from, size] : {std::pair{0, 10}, {10, 0}, {10, 989}, {999, 1}}) {
      scratch.write(ByteView(bytes).subspan(static_cast<size_t>(from), static_cast<size_t>(size)));
    }
    scratch.flush();
    CHECK(archives::all_of(scratch) == bytes);
    CHECK(archives::all_of(Slice(scratch, 500, 20)) == Bytes(bytes.begin() + 500, bytes.begin() + 520));
  }
}

TEST_CASE("a cleared scratch starts from nothing") {
  const SpoolFolder folder("/var/tmp");
  Scratch scratch(folder, 100);
  for (const size_t size : {1000, 10, 101}) {
    const Bytes bytes = archives::noise(size);
    scratch.write(bytes);
    scratch.flush();
    CHECK(archives::all_of(scratch) == bytes);
    scratch.clear();
    CHECK(scratch.size() == 0);
  }
}
