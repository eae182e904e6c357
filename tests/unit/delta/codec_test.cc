// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/codec.h"

#include <doctest/doctest.h>

#include "delta/rsync.h"

using namespace docker_sync;

TEST_CASE("codecs have the numbers they have on the wire") {
  CHECK(static_cast<int>(Codec::have) == 0);
  CHECK(static_cast<int>(Codec::data) == 1);
  CHECK(static_cast<int>(Codec::rsync) == 2);
  CHECK(static_cast<int>(Codec::patch) == 3);
}

TEST_CASE("a content without a similar file is sent whole") {
  CHECK(choose_codec(1 << 20, std::nullopt) == Codec::data);
  CHECK(choose_codec(1 << 20, BasisFile{0, 0, 0}) == Codec::data);
  CHECK(choose_codec(1 << 20, BasisFile{0, 0, 1 << 20}) == Codec::rsync);
}

TEST_CASE("a small content is sent whole") {
  CHECK(choose_codec(0, BasisFile{0, 0, 1}) == Codec::data);
  CHECK(choose_codec(kSmallestDeltaBytes - 1, BasisFile{0, 0, 2000}) == Codec::data);
  CHECK(choose_codec(kSmallestDeltaBytes, BasisFile{0, 0, 2000}) == Codec::rsync);
}

TEST_CASE("a signature is sent only where it is small beside the content") {
  for (uint64_t size = kSmallestDeltaBytes; size < uint64_t{1} << 36; size = size * 3 / 2) {
    for (uint64_t basis = size / 10; basis <= size * 10; basis = basis * 2 + 1) {
      const bool sent = choose_codec(size, BasisFile{0, 0, basis}) == Codec::rsync;
      if (sent) CHECK(signature_size(basis, signature_shape(basis, size)) <= size / 10);
      if (basis <= size && basis <= uint64_t{64} << 30) CHECK(sent);
    }
  }
  CHECK(choose_codec(uint64_t{64} << 30, BasisFile{0, 0, uint64_t{64} << 30}) == Codec::rsync);
  CHECK(choose_codec(uint64_t{64} << 30, BasisFile{0, 0, (uint64_t{64} << 30) + 1}) == Codec::data);
  CHECK(choose_codec(10'000, BasisFile{0, 0, 90'000}) == Codec::data);
}
