// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/delta_search.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "base/error.h"
#include "delta/delta_parts.h"
#include "fixture.h"

using namespace docker_sync;

namespace {

Bytes signature_of(const Bytes& basis, SignatureShape shape) { return make_signature(MemoryFile(basis), shape); }

Bytes delta_for(const Bytes& signature, const Bytes& content) {
  const MemoryFile file(content);
  MemorySink delta;
  put_delta(find_delta(Signature(signature), file), {}, file, delta);
  return delta.bytes();
}

Bytes applied(const Bytes& basis, const Bytes& delta, uint64_t size) {
  MemorySource source(delta);
  MemorySink content;
  apply_delta(MemoryFile(basis), source, content, size);
  return content.bytes();
}

/// Through signature, delta and back; returns the delta's size.
size_t carry(const Bytes& basis, const Bytes& content) {
  const SignatureShape shape = signature_shape(basis.size(), content.size());
  const Bytes signature = signature_of(basis, shape);
  CHECK(signature.size() == signature_size(basis.size(), shape));
  const Bytes delta = delta_for(signature, content);
  CHECK(applied(basis, delta, content.size()) == content);
  return delta.size();
}

/// How many bytes of them are new.
uint64_t fresh_in(const std::vector<DeltaPart>& parts) {
  uint64_t fresh = 0;
  for (const DeltaPart& part : parts) fresh += part.from ? 0 : part.size;
  return fresh;
}

}  // namespace

TEST_CASE("contents come back through signature and delta, whatever was edited") {
  const Bytes basis = coarse_noise(300'000, 1);
  Bytes edited = basis;
  for (const size_t at : {0u, 777u, 150'000u, 299'999u}) edited[at] ^= 1;
  Bytes inserted = basis;
  const Bytes more = coarse_noise(5000, 2);
  inserted.insert(inserted.begin() + 100'001, more.begin(), more.end());
  Bytes deleted = basis;
  deleted.erase(deleted.begin() + 50'003, deleted.begin() + 60'001);
  Bytes swapped(basis.begin() + 150'000, basis.end());
  swapped.insert(swapped.end(), basis.begin(), basis.begin() + 150'000);

  CHECK(carry(basis, edited) < 5000);
  CHECK(carry(basis, inserted) < 8000);
  CHECK(carry(basis, deleted) < 3000);
  CHECK(carry(basis, swapped) < 3000);
  CHECK(carry(basis, basis) < 200);
  CHECK(carry(basis, Bytes(basis.begin(), basis.begin() + 123'457)) < 2000);
  CHECK(carry(basis, Bytes(basis.begin() + 1, basis.end())) < 2000);
  CHECK(carry(basis, coarse_noise(200'000, 3)) < 200'100);
}

TEST_CASE("random edits of all sizes come back") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const Bytes basis = coarse_noise(random() % 20'000, random());
    Bytes content = basis;
    for (unsigned edits = random() % 8; edits > 0; --edits) {
      const auto at = static_cast<ptrdiff_t>(random() % (content.size() + 1));
      const auto length = static_cast<ptrdiff_t>(random() % 700);
      if (random() % 2 == 0) {
        const Bytes more = coarse_noise(static_cast<size_t>(length), random());
        content.insert(content.begin() + at, more.begin(), more.end());
      } else {
        content.erase(content.begin() + at, content.begin() + std::min(at + length, std::ssize(content)));
      }
    }
    carry(basis, content);
  }
}

TEST_CASE("empty contents, and a basis of nothing, are contents like others") {
  const Bytes some = coarse_noise(1000, 1);
  CHECK(carry({}, {}) == 0);
  CHECK(carry(some, {}) == 0);
  CHECK(carry({}, some) < 1010);
  CHECK(carry(some, {42}) < 20);
}

TEST_CASE("a signature with any byte changed is refused or gives a delta, and a delta stays within bounds") {
  const Bytes basis = coarse_noise(2000, 1), content = coarse_noise(1500, 1);
  const Bytes signature = signature_of(basis, {256, 2});
  for (size_t i = 0; i < signature.size(); ++i) {
    for (const uint8_t change : {1, 0x80, 0xff}) {
      Bytes damaged = signature;
      damaged[i] ^= change;
      size_t size = 0;
      const ExitCode checked = outcome([&] { size = delta_for(damaged, content).size(); });
      REQUIRE((checked == ExitCode::ok || checked == ExitCode::protocol));
      CHECK(size < content.size() + 100);
    }
  }
}

TEST_CASE("a signature that makes every byte cost a strong sum is given up after a while") {
  const Bytes zeros(64 << 20);
  Bytes signature = signature_of(Bytes(64 << 10), {64 << 10, 4});
  signature.back() ^= 1;  // Weak sums match everywhere, strong ones never.
  const MemoryFile content(zeros);
  CHECK(outcome([&] { (void)find_delta(Signature(signature), content); }) == ExitCode::protocol);
}

TEST_CASE("what lies side by side in both is one part") {
  const Bytes basis = coarse_noise(100'000, 1);
  Bytes content = basis;
  content.insert(content.begin() + 51'200, 100, 9);
  const Bytes signature = signature_of(basis, {512, 4});
  CHECK(find_delta(Signature(signature), MemoryFile(content)) ==
        std::vector<DeltaPart>{{51'200, 0}, {100, std::nullopt}, {48'800, 51'200}});
}

TEST_CASE("the basis' last bytes are found at the end of a content alone") {
  const Bytes basis = coarse_noise(1000, 1);
  const Bytes signature = signature_of(basis, {256, 4});
  const Bytes last(basis.begin() + 768, basis.end());
  Bytes behind(300, 9), before = last;
  behind.insert(behind.end(), last.begin(), last.end());
  before.resize(before.size() + 300, 9);
  CHECK(find_delta(Signature(signature), MemoryFile(behind)) == std::vector<DeltaPart>{{300, std::nullopt}, {232, 768}});
  CHECK(find_delta(Signature(signature), MemoryFile(before)) == std::vector<DeltaPart>{{532, std::nullopt}});
  CHECK(find_delta(Signature(signature), MemoryFile(last)) == std::vector<DeltaPart>{{232, 768}});
}

TEST_CASE("of blocks that are the same, the one behind the last one goes on with it") {
  // Zeros between noise: whichever block of zeros is taken first, the others follow it, and so do the blocks behind.
  Bytes basis = coarse_noise(4096, 1);
  basis.resize(basis.size() + 8192);
  const Bytes more = coarse_noise(4096, 2);
  basis.insert(basis.end(), more.begin(), more.end());
  CHECK(find_delta(Signature(signature_of(basis, {512, 4})), MemoryFile(basis)) ==
        std::vector<DeltaPart>{{basis.size(), 0}});
}

TEST_CASE("a block that differs in its last byte alone is another one") {
  Bytes basis = coarse_noise(512, 1);
  const Bytes signature = signature_of(basis, {512, 1});
  unsigned taken = 0;
  for (unsigned change = 1; change < 256; ++change) {
    Bytes content = basis;
    content.back() ^= static_cast<uint8_t>(change);
    taken += fresh_in(find_delta(Signature(signature), MemoryFile(content))) == 0 ? 1 : 0;
  }
  CHECK(taken == 0);  // The weak sum tells them apart: a strong one of a byte lets one of 256 through.
}

TEST_CASE("a signature with many blocks of one weak sum and different strong ones is a forgery") {
  const auto with = [](uint16_t collisions) {
    Bytes signature = signature_of(Bytes(256 * (1000 + collisions)), {256, 2});
    // Blocks of zeros are all the same: no collision.
    for (uint16_t i = 0; i < collisions; ++i) signature[signature.size() - 1 - 6 * i] ^= static_cast<uint8_t>(1 + i);
    return outcome([&] { (void)find_delta(Signature(signature), MemoryFile({})); });
  };
  CHECK(with(7) == ExitCode::ok);
  CHECK(with(8) == ExitCode::protocol);
}

TEST_CASE("a signature whose weak sums differ in their last bits alone is as fast as any other") {
  // As many as there may be, where a table by their first bits would have but one chain.
  Bytes signature = signature_of(Bytes(64 * (1 << 20)), {64, 1});
  const size_t header = signature.size() - 5 * (1 << 20);
  for (uint32_t block = 0; block < 1 << 20; ++block) {
    for (size_t i = 0; i < 4; ++i) signature[header + 5 * block + i] = static_cast<uint8_t>(block >> 8 * i);
  }
  const Bytes content = noise(1 << 20, 1);
  // One of 4096 positions has a weak sum like that, and of these one of 256 the strong one.
  CHECK(fresh_in(find_delta(Signature(signature), MemoryFile(content))) > content.size() - (16 << 10));
}

TEST_CASE("several threads find in a large content what one would") {
  const Bytes basis = coarse_noise(20'000'001, 1);
  Bytes content = basis;
  content.insert(content.begin() + 10'000, 100, 9);
  const Bytes signature = signature_of(basis, {4096, 3});
  // The edit, and the rest of its block.
  CHECK(find_delta(Signature(signature), MemoryFile(content)) ==
        std::vector<DeltaPart>{{8192, 0}, {4196, std::nullopt}, {basis.size() - 12'288, 12'288}});
}

TEST_CASE("where one thread's part goes on into the next one's, it counts once") {
  // Wherever it begins, there is a block of zeros.
  const Bytes content(20'000'001), basis(4096);
  const Bytes delta = delta_for(signature_of(basis, {4096, 3}), content);
  CHECK(applied(basis, delta, content.size()) == content);
  CHECK(delta.size() < 30'000);  // five bytes for each of 4,882 blocks, and what is none
}
