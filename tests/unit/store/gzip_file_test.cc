// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/gzip_file.h"

#include <doctest/doctest.h>

#include <atomic>
#include <random>
#include <thread>

#include "outcome.h"
#include "store_fixture.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

/// Some bytes like text, some like an archive, some zeros.
Bytes sample(size_t size, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  Bytes bytes;
  bytes.reserve(size + (64 << 10));
  while (bytes.size() < size) {
    const size_t kind = random() % 4, count = random() % (64 << 10);
    for (size_t i = 0; i < count; ++i) {
      const auto any = static_cast<uint8_t>(random());
      bytes.push_back(kind == 0 ? any : kind == 1 ? 0 : static_cast<uint8_t>("etaoin shrdlu..\n"[any % 16]));
    }
  }
  bytes.resize(size);
  return bytes;
}

/// The same bytes again and again, without the memory for it.
class Repeated : public RandomAccess {
 public:
  Repeated(Bytes bytes, size_t times) : bytes_(std::move(bytes)), times_(times) {}
  [[nodiscard]] uint64_t size() const override { return bytes_.size() * times_; }
  void read_at(uint64_t offset, MutableBytes out) const override {
    while (!out.empty()) {
      const auto from = ByteView(bytes_).subspan(static_cast<size_t>(offset % bytes_.size()));
      const size_t count = std::min(from.size(), out.size());
      std::copy_n(from.begin(), count, out.begin());
      out = out.subspan(count);
      offset += count;
    }
  }

 private:
  Bytes bytes_;
  size_t times_;
};

GzipFile open(const Bytes& packed) { return GzipFile(std::make_unique<MemoryFile>(packed)); }

Bytes part(const RandomAccess& file, uint64_t offset, size_t size) {
  Bytes bytes(size);
  file.read_at(offset, bytes);
  return bytes;
}

/// Whether bytes from many places, near each other and far, long and short, are those of `plain`.
bool reads_as(const GzipFile& file, const Bytes& plain, int rounds, unsigned seed = 1) {
  if (file.size() != plain.size()) return false;
  std::mt19937_64 random(seed);
  uint64_t offset = 0;
  for (int round = 0; round < rounds; ++round) {
    if (random() % 3 == 0) offset = random() % (plain.size() + 1);
    const size_t most = std::min<uint64_t>(plain.size() - offset, random() % 5 == 0 ? 300'000 : 2000);
    const size_t size = most == 0 ? 0 : random() % (most + 1);
    const auto begin = plain.begin() + static_cast<ptrdiff_t>(offset);
    if (part(file, offset, size) != Bytes(begin, begin + static_cast<ptrdiff_t>(size))) return false;
    offset += size;
  }
  return part(file, 0, plain.size()) == plain;
}

void check_reads(const Bytes& packed, const Bytes& plain) {
  const GzipFile file = open(packed);
  CHECK(file.digest() == Digest::of(plain));
  CHECK(reads_as(file, plain, 150));
}

}  // namespace

TEST_CASE("a layer in gzip reads as its tar at any offset, however it was deflated") {
  const Bytes plain = sample(5'000'000);
  for (const int level : {0, 1, 6, 9}) {
    CAPTURE(level);
    check_reads(gzipped(plain, level), plain);
  }
  // Blocks that end within a byte, and short ones.
  check_reads(gzipped(plain, 6, 1000), plain);
}

TEST_CASE("the members of a layer in gzip are one tar") {
  Bytes packed, plain;
  for (unsigned i = 0; i < 40; ++i) {
    const Bytes one = sample(i * 12'345, i);
    packed = packed + gzipped(one, static_cast<int>(i % 10));
    plain = plain + one;
  }
  check_reads(packed, plain);
  // As eStargz has them: too short for a block to begin within one.
  packed.clear(), plain.clear();
  for (unsigned i = 0; i < 3000; ++i) {
    const Bytes one = sample(i % 2000, i);
    packed = packed + gzipped(one);
    plain = plain + one;
  }
  REQUIRE(plain.size() > 2 << 20);
  check_reads(packed, plain);
}

TEST_CASE("a layer of no bytes, or of one, can be in gzip") {
  for (const Bytes& plain : {Bytes{}, Bytes{'x'}}) {
    check_reads(gzipped(plain), plain);
    check_reads(gzipped(plain) + gzipped(plain), plain + plain);
  }
}

TEST_CASE("every truncation of a layer in gzip is damage") {
  const Bytes packed = gzipped(sample(1000)) + gzipped(sample(2000));
  const size_t first = gzipped(sample(1000)).size();
  for (size_t size = 0; size < packed.size(); ++size) {
    if (size == first) continue;
    const Bytes cut(packed.begin(), packed.begin() + static_cast<ptrdiff_t>(size));
    CHECK(outcome([&] { (void)open(cut); }) == ExitCode::verification);
  }
}

TEST_CASE("a flipped bit of a layer in gzip is damage, or another digest, or of no consequence") {
  const Bytes plain = sample(3000), packed = gzipped(plain);
  mutate(packed, 2000, [&](const Bytes& damaged) {
    if (damaged == packed) return;
    const ExitCode code = outcome([&] {
      const GzipFile file = open(damaged);
      const Bytes read = part(file, 0, file.size());
      CHECK(Digest::of(read) == file.digest());
    });
    CHECK((code == ExitCode::ok || code == ExitCode::verification));
  });
  CHECK(outcome([&] { (void)open(packed + bytes_of("garbage")); }) == ExitCode::verification);
  CHECK(outcome([&] { (void)open(packed + Bytes(512)); }) == ExitCode::verification);
}

TEST_CASE("several threads may read a layer in gzip") {
  const Bytes plain = sample(6'000'000);
  const Bytes packed = gzipped(plain, 1);
  const GzipFile file = open(packed);
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 5; ++i) threads.emplace_back([&, i] { right += reads_as(file, plain, 200, i); });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 5);
}

TEST_CASE("check points of a large layer lie farther apart, not in more memory") {
  // Nothing in it can be packed, so each costs all of its 32 KiB: 512 of them are too many.
  Bytes noise(8 << 20);
  std::mt19937_64 random;
  for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random());
  const GzipFile file(std::make_unique<Repeated>(gzipped(noise, 1), 80));
  CHECK(file.size() == 80 * noise.size());
  CHECK(file.check_point_bytes() <= 16 << 20);
  CHECK(file.check_point_bytes() >= 8 << 20);
  for (const uint64_t at : {0, 1, 39, 40, 79}) CHECK(part(file, at * noise.size(), noise.size()) == noise);
}

TEST_CASE("a layer in gzip that changes after it was opened is damage when it is read") {
  const Bytes plain = sample(4'000'000);
  Bytes packed = gzipped(plain, 1);
  const GzipFile file = open(packed);
  std::fill(packed.begin() + 1000, packed.end(), 0xff);
  CHECK(outcome([&] { (void)part(file, 3'900'000, 1000); }) == ExitCode::verification);
  // What threw is not gone on with.
  CHECK(outcome([&] { (void)part(file, 3'900'000, 1000); }) == ExitCode::verification);
}
