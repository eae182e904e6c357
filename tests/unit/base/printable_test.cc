// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/printable.h"

#include <doctest/doctest.h>

using namespace docker_sync;

TEST_CASE("lines become one, and nothing is left that a terminal obeys") {
  CHECK(printable("Welcome\n\n  to\tthis\r\nhost\n", 100) == "Welcome to this host");
  CHECK(printable("\x1b[31mred\x07", 100) == "[31mred");
  CHECK(printable("\n \n", 100).empty());
}

TEST_CASE("of a long text the end is kept") { CHECK(printable("abcdefghij", 4) == "...ghij"); }
