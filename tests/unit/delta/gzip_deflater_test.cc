// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/gzip_deflater.h"

#include <doctest/doctest.h>

#include "base/hash.h"
#include "delta/archives.h"

using namespace docker_sync;
using namespace docker_sync::archives;

namespace {

/// Text, what does not deflate, and text again: stored blocks, and blocks of each kind that span the window's slides.
Bytes mixed() {
  Bytes bytes = text(6000);
  append(bytes, noise(70'000));
  append(bytes, text(3000));
  return bytes;
}

std::string hash_of(const Bytes& bytes, int level) {
  return to_hex(ByteView(sha256(deflated(bytes, DeflateMethod::gzip(level)))).first(8));
}

}  // namespace

// All hashes are of what GNU gzip 1.12 wrote between header and trailer for the same bytes.
TEST_CASE("long text deflates as GNU gzip does it, at every level") {
  const Bytes bytes = text(20'000);
  CHECK(hash_of(bytes, 4) == "95ec9aa8b3aa6fe1");
  CHECK(hash_of(bytes, 5) == "a84fbc33cc32a981");
  CHECK(hash_of(bytes, 6) == "7c154e257e6864a3");
  CHECK(hash_of(bytes, 7) == "052eb0dfdf82ce9b");
  CHECK(hash_of(bytes, 8) == "42a78e86d052e6ac");
  CHECK(hash_of(bytes, 9) == "3a035731d3198c40");
}

TEST_CASE("text and noise deflate as GNU gzip does it, at every level") {
  const Bytes bytes = mixed();
  CHECK(hash_of(bytes, 4) == "a8549097b9d0e4e8");
  CHECK(hash_of(bytes, 5) == "b642f2800c101553");
  CHECK(hash_of(bytes, 6) == "2924cea808598f77");
  CHECK(hash_of(bytes, 7) == "b081b35dc26314a2");
  CHECK(hash_of(bytes, 8) == "7531877692bed100");
  CHECK(hash_of(bytes, 9) == "068c6b9ffa62c649");
}

TEST_CASE("noise is stored, and a run of one byte is matches, as by GNU gzip") {
  CHECK(hash_of(noise(100'000), 9) == "5c5da95a0ca0a31d");
  CHECK(hash_of(Bytes(300'000, 'a'), 9) == "68545bfde6e01423");
  CHECK(hash_of(text(1), 9) == "6e65fed38f54e8d0");
}

TEST_CASE("zlib makes something else of long text") {
  CHECK(deflated(text(20'000), DeflateMethod::zlib(9)) != deflated(text(20'000), DeflateMethod::gzip(9)));
}
