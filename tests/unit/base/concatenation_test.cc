// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/concatenation.h"

#include <doctest/doctest.h>

using namespace docker_sync;

TEST_CASE("parts of files read as one, across every seam") {
  const Bytes one{1, 2, 3, 4}, two{5, 6};
  const MemoryFile a(one), b(two);
  Concatenation whole;
  whole.add(a, 1, 2);
  whole.add(b, 1, 0);
  whole.add(b, 0, 2);
  whole.add(a, 3, 1);
  const Bytes expected{2, 3, 5, 6, 4};
  REQUIRE(whole.size() == expected.size());
  for (size_t begin = 0; begin <= expected.size(); ++begin) {
    for (size_t end = begin; end <= expected.size(); ++end) {
      Bytes part(end - begin);
      whole.read_at(begin, part);
      CHECK(part ==
            Bytes(expected.begin() + static_cast<ptrdiff_t>(begin), expected.begin() + static_cast<ptrdiff_t>(end)));
    }
  }
  CHECK(Concatenation().size() == 0);
}
