// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/rsync.h"

#include <doctest/doctest.h>

#include <future>
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
  put_delta(find_delta(signature, file), {}, file, delta);
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
  CHECK_NOTHROW(check_signature(signature, signature.size()));
  const Bytes delta = delta_for(signature, content);
  CHECK(applied(basis, delta, content.size()) == content);
  return delta.size();
}

void put(Bytes& bytes, uint64_t value, int width) {
  for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) bytes.push_back(static_cast<uint8_t>(value >> shift));
}

Bytes signature_header(uint32_t magic, uint32_t block_bytes, uint32_t strong_bytes) {
  Bytes bytes;
  put(bytes, magic, 4);
  put(bytes, block_bytes, 4);
  put(bytes, strong_bytes, 4);
  return bytes;
}

constexpr uint32_t kMagic = 0x72730147, kMd4Magic = 0x72730146;

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
  CHECK(signature_of({}, signature_shape(0, 0)).size() == 12);
}

TEST_CASE("a signature has the bytes of librsync's format") {
  // Weak: 0x08104225^256 mod 2^32, as of zeros only the seed 1 is left. Strong: BLAKE2b-256 of the block.
  const Bytes zeros(256);
  CHECK(signature_of(zeros, {256, 2}) ==
        Bytes{'r', 's', 1, 'G', 0, 0, 1, 0, 0, 0, 0, 2, 0x55, 0x10, 0x1c, 0x01, 0x2b, 0x69});
}

TEST_CASE("blocks grow with the root of the basis, strong sums with the comparisons") {
  CHECK(signature_shape(0, 0) == SignatureShape{256, 2});
  CHECK(signature_shape(64 << 10, 64 << 10) == SignatureShape{256, 2});
  CHECK(signature_shape((64 << 10) + 1, 1) == SignatureShape{256, 2});
  CHECK(signature_shape(1 << 20, 1 << 20) == SignatureShape{1024, 2});
  CHECK(signature_shape(100 << 20, 100 << 20) == SignatureShape{10'240, 3});
  CHECK(signature_shape(uint64_t{64} << 30, uint64_t{64} << 30) == SignatureShape{64 << 10, 5});
  // Never so large that the hash of the content is not the weaker check, whatever sizes a peer names.
  CHECK(signature_shape(UINT64_MAX, UINT64_MAX).strong_bytes <= 16);
}

TEST_CASE("a signature that is not what we make is refused before librsync sees it") {
  const auto refused = [](const Bytes& signature, uint64_t limit = 1 << 20) {
    const Bytes nothing;
    const MemoryFile content(nothing);
    return outcome([&] { check_signature(signature, limit); }) == ExitCode::protocol &&
           (signature.size() > limit || outcome([&] { (void)find_delta(signature, content); }) == ExitCode::protocol);
  };
  const auto with_entries = [](Bytes header, size_t bytes) {
    header.resize(header.size() + bytes);
    return header;
  };
  CHECK(outcome([&] { check_signature(with_entries(signature_header(kMagic, 256, 2), 12), 24); }) == ExitCode::ok);
  CHECK(refused(with_entries(signature_header(kMagic, 256, 2), 12), 23));
  CHECK(refused(with_entries(signature_header(kMagic, 256, 2), 11)));
  CHECK(refused(with_entries(signature_header(kMd4Magic, 256, 2), 12)));
  CHECK(refused(with_entries(signature_header(0x72730137, 256, 2), 12)));  // The older rolling sum.
  CHECK(refused(with_entries(signature_header(kMagic, 0, 2), 12)));
  CHECK(refused(with_entries(signature_header(kMagic, 63, 2), 12)));
  CHECK(refused(with_entries(signature_header(kMagic, (64 << 10) + 1, 2), 12)));
  CHECK(refused(with_entries(signature_header(kMagic, UINT32_MAX, 2), 12)));
  CHECK(refused(with_entries(signature_header(kMagic, 256, 0), 12)));
  CHECK(refused(with_entries(signature_header(kMagic, 256, 33), 37)));
  CHECK(refused(with_entries(signature_header(kMagic, 256, 1), 5 * ((1 << 20) + 1)), 6 << 20));  // Too many blocks.
  CHECK(refused(with_entries(signature_header(kMagic, 256, UINT32_MAX), 12)));  // 4 + it overflows to 3.
}

TEST_CASE("a signature cut anywhere is refused, or is one of fewer blocks") {
  const Bytes basis = coarse_noise(3000, 1);
  const Bytes signature = signature_of(basis, {256, 2});
  for (size_t size = 0; size < signature.size(); ++size) {
    const Bytes cut(signature.begin(), signature.begin() + static_cast<ptrdiff_t>(size));
    const bool whole_blocks = size >= 12 && (size - 12) % 6 == 0;
    REQUIRE(outcome([&] { check_signature(cut, 1 << 20); }) == (whole_blocks ? ExitCode::ok : ExitCode::protocol));
    if (whole_blocks) CHECK(applied(basis, delta_for(cut, basis), basis.size()) == basis);
  }
}

TEST_CASE("a signature with any byte changed is refused or gives a delta, and a delta stays within bounds") {
  const Bytes basis = coarse_noise(2000, 1), content = coarse_noise(1500, 1);
  const Bytes signature = signature_of(basis, {256, 2});
  for (size_t i = 0; i < signature.size(); ++i) {
    for (const uint8_t change : {1, 0x80, 0xff}) {
      Bytes damaged = signature;
      damaged[i] ^= change;
      const ExitCode checked = outcome([&] { check_signature(damaged, 1 << 20); });
      REQUIRE((checked == ExitCode::ok || checked == ExitCode::protocol));
      if (checked == ExitCode::ok) CHECK(delta_for(damaged, content).size() < content.size() + 100);
    }
  }
}

TEST_CASE("a signature with many blocks of one weak sum and different strong ones is a forgery") {
  Bytes signature = signature_header(kMagic, 256, 2);
  const auto add = [&](uint32_t weak, uint16_t strong) {
    put(signature, weak, 4);
    put(signature, strong, 2);
  };
  for (uint32_t i = 0; i < 1000; ++i) add(7, 7);  // Blocks of zeros are all the same: no collision.
  for (uint16_t i = 0; i < 7; ++i) add(7, 100 + i);
  CHECK(outcome([&] { check_signature(signature, 1 << 20); }) == ExitCode::ok);
  add(7, 200);
  CHECK(outcome([&] { check_signature(signature, 1 << 20); }) == ExitCode::protocol);
}

TEST_CASE("a signature that makes every byte cost a strong sum is given up after a while") {
  const Bytes zeros(64 << 20);
  Bytes signature = signature_of(Bytes(64 << 10), {64 << 10, 4});
  signature.back() ^= 1;  // Weak sums match everywhere, strong ones never.
  const MemoryFile content(zeros);
  CHECK(outcome([&] { (void)find_delta(signature, content); }) == ExitCode::protocol);
}

TEST_CASE("what lies side by side in both is one part") {
  const Bytes basis = coarse_noise(100'000, 1);
  Bytes content = basis;
  content.insert(content.begin() + 51'200, 100, 9);
  const Bytes signature = signature_of(basis, {512, 4});
  CHECK(find_delta(signature, MemoryFile(content)) ==
        std::vector<DeltaPart>{{51'200, 0}, {100, std::nullopt}, {48'800, 51'200}});
  CHECK(block_bytes_of(signature) == 512);
}

TEST_CASE("a file that several threads look through has one signature, and a delta of few parts") {
  const Bytes basis = coarse_noise(20'000'000, 1);
  const SignatureShape shape{4096, 3};
  const Bytes signature = signature_of(basis, shape);
  Bytes sums = signature_of({}, shape);
  for (size_t begin = 0; begin < basis.size(); begin += 256 * 4096) {
    const size_t end = std::min<size_t>(begin + 256 * 4096, basis.size());
    const Bytes piece(basis.begin() + static_cast<ptrdiff_t>(begin), basis.begin() + static_cast<ptrdiff_t>(end));
    const Bytes of_piece = signature_of(piece, shape);
    sums.insert(sums.end(), of_piece.begin() + 12, of_piece.end());
  }
  CHECK(signature == sums);

  Bytes content = basis;
  content.insert(content.begin() + 10'000, 100, 9);
  const std::vector<DeltaPart> parts = find_delta(signature, MemoryFile(content));
  uint64_t fresh = 0, size = 0;
  for (const DeltaPart& part : parts) {
    size += part.size;
    if (!part.from) fresh += part.size;
  }
  CHECK(size == content.size());
  CHECK(parts.size() <= 3 + 2 * 3);  // of an edit, and of three places where a thread ends and the next begins
  CHECK(fresh <= 4 * 2 * 4096);
  CHECK(applied(basis, delta_for(signature, content), content.size()) == content);
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

TEST_CASE("threads run jobs side by side") {
  std::vector<std::future<bool>> threads;
  for (uint32_t thread = 0; thread < 4; ++thread) {
    threads.push_back(std::async(std::launch::async, [thread] {
      for (uint32_t round = 0; round < 10; ++round) {
        const Bytes basis = coarse_noise(200'000, thread * 100 + round);
        Bytes content = basis;
        content.insert(content.begin() + 1000 * thread, 333, 7);
        const Bytes delta = delta_for(signature_of(basis, signature_shape(basis.size(), content.size())), content);
        if (delta.size() > 4000 || applied(basis, delta, content.size()) != content) return false;
      }
      return true;
    }));
  }
  for (auto& thread : threads) CHECK(thread.get());
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
