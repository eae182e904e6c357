// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/text_tail.h"

#include <doctest/doctest.h>

using namespace docker_sync;

TEST_CASE("the last bytes are kept, whatever comes at once") {
  TextTail tail;
  tail.append("first ");
  tail.append(std::string(TextTail::kMaxBytes, 'x'));
  CHECK(tail.text().size() == TextTail::kMaxBytes);
  CHECK(tail.text().front() == 'x');
  tail.append("last");
  CHECK(tail.text().size() == TextTail::kMaxBytes);
  CHECK(tail.text().ends_with("xlast"));
  tail.append(std::string(3 * TextTail::kMaxBytes, 'y') + "z");
  CHECK(tail.text().size() == TextTail::kMaxBytes);
  CHECK(tail.text().ends_with("yz"));
}
