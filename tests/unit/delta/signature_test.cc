// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/signature.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "fixture.h"

using namespace docker_sync;

namespace {

Bytes signature_of(const Bytes& basis, SignatureShape shape) { return make_signature(MemoryFile(basis), shape); }

ExitCode read(ByteView bytes) {
  return outcome([&] { (void)Signature(bytes); });
}

}  // namespace

TEST_CASE("a signature has per block the two sums of its bytes, and of what is left of the last one") {
  // 256 bytes of zeros, and a byte: 1 times the multiplier 0x9e3779b97f4a7c15.
  Bytes basis(257);
  basis.back() = 1;
  const ContentHash zeros = content_hash(Bytes(256)), one = content_hash(Bytes{1});
  CHECK(signature_of(basis, {256, 2}) == Bytes{0x80, 2, 2, 0x81, 2,                                   //
                                               0, 0, 0, 0, zeros.bytes[0], zeros.bytes[1],            //
                                               0xb9, 0x79, 0x37, 0x9e, one.bytes[0], one.bytes[1]});
  const Bytes bytes = signature_of(basis, {256, 2});
  const Signature signature(bytes);
  CHECK(signature.block_bytes() == 256);
  CHECK(signature.basis_size() == 257);
  CHECK(signature.full_blocks() == 1);
  CHECK(signature.weak(1) == 0x9e3779b9);
  CHECK(signature.strong(1).size() == 2);
  CHECK(signature_of({}, {256, 2}) == Bytes{0x80, 2, 2, 0});
}

TEST_CASE("blocks grow with the root of the basis, strong sums with the comparisons") {
  CHECK(signature_shape(0, 0) == SignatureShape{256, 2});
  CHECK(signature_shape(64 << 10, 64 << 10) == SignatureShape{256, 2});
  CHECK(signature_shape((64 << 10) + 1, 1) == SignatureShape{256, 2});
  CHECK(signature_shape(1 << 20, 1 << 20) == SignatureShape{1024, 2});
  CHECK(signature_shape(100 << 20, 100 << 20) == SignatureShape{10'240, 4});
  CHECK(signature_shape(uint64_t{64} << 30, uint64_t{64} << 30) == SignatureShape{64 << 10, 6});
  // Never so large that the hash of the content is not the weaker check, whatever sizes a peer names.
  CHECK(signature_shape(UINT64_MAX, UINT64_MAX).strong_bytes <= 16);
}

TEST_CASE("a signature is as long as was said") {
  for (const size_t size : {0u, 1u, 255u, 256u, 257u, 100'000u}) {
    const SignatureShape shape = signature_shape(size, 1 << 20);
    CHECK(signature_of(coarse_noise(size, 1), shape).size() == signature_size(size, shape));
  }
}

TEST_CASE("a signature that is not what we make is refused") {
  const auto signature = [](std::initializer_list<uint8_t> header, size_t bytes) {
    Bytes all(header);
    all.insert(all.end(), bytes, 0);
    return all;
  };
  CHECK(read(signature({0x80, 2, 2, 0x80, 4}, 12)) == ExitCode::ok);        // two blocks of 256 bytes
  CHECK(read(signature({0x80, 2, 2, 0x80, 4}, 11)) == ExitCode::protocol);
  CHECK(read(signature({0x80, 2, 2, 0x80, 4}, 13)) == ExitCode::protocol);
  CHECK(read(signature({0x80, 2, 2, 0x80, 4}, 18)) == ExitCode::protocol);
  CHECK(read(signature({0, 2, 0}, 0)) == ExitCode::protocol);
  CHECK(read(signature({63, 2, 63}, 6)) == ExitCode::protocol);
  CHECK(read(signature({64, 2, 64}, 6)) == ExitCode::ok);
  CHECK(read(signature({0x80, 0x80, 4, 2, 1}, 6)) == ExitCode::ok);         // blocks of 64 KiB
  CHECK(read(signature({0x81, 0x80, 4, 2, 1}, 6)) == ExitCode::protocol);
  CHECK(read(signature({0x80, 2, 0, 0}, 0)) == ExitCode::protocol);
  CHECK(read(signature({0x80, 2, 16, 1}, 20)) == ExitCode::ok);
  CHECK(read(signature({0x80, 2, 17, 1}, 21)) == ExitCode::protocol);
  CHECK(read(signature({64, 1, 0x80, 0x80, 0x80, 0x20}, 5 << 20)) == ExitCode::ok);               // 2^20 blocks
  CHECK(read(signature({64, 1, 0x81, 0x80, 0x80, 0x20}, (5 << 20) + 5)) == ExitCode::protocol);
  CHECK(read(signature({64, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, 0)) == ExitCode::protocol);
  CHECK(read(signature({64, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2}, 0)) == ExitCode::protocol);
}

TEST_CASE("a signature cut anywhere is refused") {
  const Bytes signature = signature_of(coarse_noise(3000, 1), {256, 2});
  for (size_t size = 0; size < signature.size(); ++size) {
    REQUIRE(read(ByteView(signature).first(size)) == ExitCode::protocol);
  }
}

TEST_CASE("a file that several threads read has one signature") {
  const Bytes basis = coarse_noise(20'000'001, 1);
  const SignatureShape shape{4096, 3};
  const Bytes bytes = signature_of(basis, shape);
  const Signature signature(bytes);
  for (uint32_t block = 0; block <= signature.full_blocks(); block += 61) {
    const auto begin = basis.begin() + 4096 * static_cast<ptrdiff_t>(block);
    const Bytes of_block = signature_of(Bytes(begin, begin + std::min<ptrdiff_t>(4096, basis.end() - begin)), shape);
    const Signature alone(of_block);
    REQUIRE(signature.weak(block) == alone.weak(0));
    REQUIRE(std::ranges::equal(signature.strong(block), alone.strong(0)));
  }
}

TEST_CASE("a second round has smaller blocks the more edits there are, and never too many") {
  CHECK(refined_shape(500'000, 80) == SignatureShape{320, 3});
  CHECK(refined_shape(10'000, 1).block_bytes == 384);
  CHECK(refined_shape(1 << 20, 1 << 17).block_bytes == 128);
  CHECK(refined_shape(1 << 20, 1).block_bytes == 2048);
  CHECK(refined_shape(0, 0).block_bytes == 128);
  for (uint64_t total = 1; total < uint64_t{1} << 36; total *= 3) {
    CHECK(signature_blocks(total, refined_shape(total, 1 << 17)) <= kMostBlocks);
  }
}

TEST_CASE("a small content, or one without anything similar, is sent whole") {
  CHECK_FALSE(signature_pays(0, 1 << 20));
  CHECK(signature_pays(1 << 20, 1 << 20));
  CHECK_FALSE(signature_pays(1, 0));
  CHECK_FALSE(signature_pays(2000, kSmallestDeltaBytes - 1));
  CHECK(signature_pays(2000, kSmallestDeltaBytes));
}

TEST_CASE("a signature is sent only where it is small beside the content") {
  for (uint64_t size = kSmallestDeltaBytes; size < uint64_t{1} << 36; size = size * 3 / 2) {
    for (uint64_t basis = size / 10; basis <= size * 10; basis = basis * 2 + 1) {
      const bool sent = signature_pays(basis, size);
      if (sent) CHECK(signature_size(basis, signature_shape(basis, size)) <= size / 10);
      if (basis <= size && basis <= uint64_t{64} << 30) CHECK(sent);
    }
  }
  CHECK(signature_pays(uint64_t{64} << 30, uint64_t{64} << 30));
  CHECK_FALSE(signature_pays((uint64_t{64} << 30) + 1, uint64_t{64} << 30));
  CHECK_FALSE(signature_pays(90'000, 10'000));
}
