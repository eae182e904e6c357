// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/patch_region.h"

#include <doctest/doctest.h>

#include <numeric>
#include <random>

#include "delta/patch_format.h"

using namespace docker_sync;

namespace {

/// A file of noise that needs no memory: the bytes at a place are those of a counter, mixed (splitmix64).
class NoiseFile : public RandomAccess {
 public:
  explicit NoiseFile(uint64_t size) : size_(size) {}
  [[nodiscard]] uint64_t size() const override { return size_; }
  void read_at(uint64_t offset, MutableBytes out) const override {
    CHECK((offset <= size_ && out.size() <= size_ - offset));
    for (uint8_t& byte : out) {
      uint64_t mixed = ++offset * 0x9e3779b97f4a7c15;
      mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
      byte = static_cast<uint8_t>((mixed ^ mixed >> 27) * 0x94d049bb133111eb >> 56);
    }
  }

 private:
  uint64_t size_;
};

bool covers(const std::vector<RegionPiece>& pieces, uint64_t from, uint64_t to) {
  for (const RegionPiece& piece : pieces) {
    if (piece.offset <= from && to <= piece.offset + piece.size) return true;
  }
  return false;
}

constexpr uint64_t kMiB = 1 << 20;

}  // namespace

TEST_CASE("a small old file is its own region") {
  CHECK(RegionFinder(NoiseFile(1000)).find(Bytes(10), 5'000'000) == std::vector<RegionPiece>{{0, 1000}});
  CHECK(RegionFinder(NoiseFile(0)).find(Bytes(10), 0) == std::vector<RegionPiece>{{0, 0}});
}

TEST_CASE("a region holds the parts of a large old file that a window is made of, wherever they are") {
  const NoiseFile old_file(100 * kMiB);
  const RegionFinder finder(old_file);
  Bytes window(4 * kMiB);
  old_file.read_at(70 * kMiB + 12345, MutableBytes(window).first(2 * kMiB));
  old_file.read_at(3 * kMiB + 777, MutableBytes(window).subspan(2 * kMiB));
  const std::vector<RegionPiece> pieces = finder.find(window, 40 * kMiB);
  CHECK(covers(pieces, 70 * kMiB + 12345, 72 * kMiB + 12345));
  CHECK(covers(pieces, 3 * kMiB + 777, 5 * kMiB + 777));
  CHECK(covers(pieces, 40 * kMiB, 44 * kMiB));  // The rest lies around the window's own place.
  uint64_t total = 0;
  for (const RegionPiece& piece : pieces) total += piece.size;
  CHECK(total <= kPatchRegion);
  CHECK(pieces.size() <= kMostPieces);
}

TEST_CASE("a window beyond the old file's end has a region") {
  const RegionFinder finder(NoiseFile(40 * kMiB + 5));
  CHECK(covers(finder.find(Bytes(1000), 500 * kMiB), 40 * kMiB, 40 * kMiB + 5));
}

TEST_CASE("a region reads as its pieces one after the other") {
  Bytes bytes(100);
  std::iota(bytes.begin(), bytes.end(), uint8_t{0});
  const MemoryFile file(bytes);
  const PatchRegion region(file, {{10, 5}, {0, 0}, {50, 3}, {90, 10}});
  CHECK(region.size() == 18);
  Bytes out(12);
  region.read_at(3, out);
  CHECK(out == Bytes{13, 14, 50, 51, 52, 90, 91, 92, 93, 94, 95, 96});
  region.read_at(18, MutableBytes(out).first(0));
  region.read_at(0, MutableBytes(out).first(1));
  CHECK(out[0] == 10);
}
