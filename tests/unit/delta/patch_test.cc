// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/patch.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <random>
#include <string>

#include "base/error.h"
#include "delta/patch_format.h"
#include "fixture.h"

using namespace docker_sync;

namespace {

/// The old bytes as a recompiled program has them: a few are inserted here and there, addresses are others throughout.
Bytes recompiled(Bytes bytes, uint32_t seed) {
  std::mt19937 random(seed);
  for (size_t i = 0; i + 40 < bytes.size(); i += 20 + random() % 20) bytes[i] = static_cast<uint8_t>(bytes[i] + 16);
  for (int i = 0; i < 10; ++i) {
    const Bytes inserted = coarse_noise(random() % 100, seed + 1);
    bytes.insert(bytes.begin() + static_cast<ptrdiff_t>(random() % bytes.size()), inserted.begin(), inserted.end());
  }
  return bytes;
}

Bytes text(int lines, const std::string& word) {
  std::string all;
  for (int i = 0; i < lines; ++i) all += std::to_string(i * i) + (i % 50 == 0 ? " " + word : "") + " stands here\n";
  return {all.begin(), all.end()};
}

Bytes patch_between(const Bytes& before, const Bytes& after, int level = 3, PatchEffort effort = PatchEffort::fast) {
  MemorySink patch;
  make_patch(MemoryFile(before), MemoryFile(after), level, effort, patch);
  return patch.bytes();
}

Bytes applied(const Bytes& before, const Bytes& patch, uint64_t size) {
  MemorySource source(patch);
  MemorySink content;
  apply_patch(MemoryFile(before), source, content, size);
  return content.bytes();
}

/// What comes of a patch that may be damaged: the content, or nothing after a protocol error. Anything else escapes.
std::optional<Bytes> outcome(const Bytes& before, const Bytes& patch, uint64_t size) {
  MemorySource source(patch);
  MemorySink content;
  try {
    apply_patch(MemoryFile(before), source, content, size);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::protocol);
    CHECK(content.bytes().size() <= size);
    return std::nullopt;
  }
  CHECK(content.bytes().size() == size);
  return content.bytes();
}

WindowKind kind_of(const Bytes& patch) { return static_cast<WindowKind>(patch.at(0)); }

const Bytes kOld = coarse_noise(64, 1);
/// Three new bytes, then the old ones but for one that is 2 more.
Bytes small_change() {
  Bytes after = {0xaa, 0xbb, 0xcc};
  after.insert(after.end(), kOld.begin(), kOld.end());
  after[3 + 40] += 2;
  return after;
}

}  // namespace

TEST_CASE("contents of every size come back, by either effort") {
  for (const size_t size : {0, 1, 15, 16, 17, 100, 4096, 65537, 300000}) {
    for (const PatchEffort effort : {PatchEffort::fast, PatchEffort::strong}) {
      const Bytes before = coarse_noise(size, 1), after = recompiled(coarse_noise(size + 1, 1), 2);
      CHECK(applied(before, patch_between(before, after, 3, effort), after.size()) == after);
      CHECK(applied(after, patch_between(after, before, 9, effort), before.size()) == before);
      CHECK(applied({}, patch_between({}, after, 3, effort), after.size()) == after);
    }
  }
}

TEST_CASE("an empty content has an empty patch") { CHECK(patch_between(kOld, {}).empty()); }

TEST_CASE("a content that did not change costs a few bytes") {
  const Bytes content = coarse_noise(1 << 20, 1);
  CHECK(patch_between(content, content).size() < 40);
}

TEST_CASE("a recompiled program is sent as the differences of like runs") {
  const Bytes before = coarse_noise(1 << 20, 1), after = recompiled(before, 2);
  const Bytes patch = patch_between(before, after, 9, PatchEffort::strong);
  CHECK(kind_of(patch) == WindowKind::runs);
  CHECK(patch.size() < after.size() / 20);
}

TEST_CASE("moved blocks and what stands before them are found") {
  const Bytes a = coarse_noise(100'000, 1), b = coarse_noise(100'000, 2);
  Bytes before = a, after = b;
  before.insert(before.end(), b.begin(), b.end());
  after.insert(after.end(), a.begin(), a.end());
  CHECK(patch_between(before, after).size() < 50);
}

TEST_CASE("text whose lines changed throughout is sent with the old one as prefix, where that is tried") {
  const Bytes before = text(3000, "old"), after = text(3100, "young");
  const Bytes fast = patch_between(before, after, 9), strong = patch_between(before, after, 9, PatchEffort::strong);
  CHECK(strong.size() <= fast.size());
  Bytes interleaved;
  for (size_t i = 0; i + 12 < before.size(); i += 12) {
    interleaved.insert(interleaved.end(), before.end() - 12 - static_cast<ptrdiff_t>(i),
                       before.end() - static_cast<ptrdiff_t>(i));
  }
  const Bytes patch = patch_between(before, interleaved, 9, PatchEffort::strong);
  CHECK(kind_of(patch) == WindowKind::prefixed);
  CHECK(applied(before, patch, interleaved.size()) == interleaved);
}

TEST_CASE("a content that has nothing of the old one costs hardly more than packed alone") {
  const Bytes before = coarse_noise(200'000, 1), after = coarse_noise(200'000, 2);
  CHECK(patch_between(before, after).size() < 200'000 * 6 / 8 + 1000);
  Bytes few(100);
  std::iota(few.begin(), few.end(), uint8_t{100});
  CHECK(kind_of(patch_between(before, few, 3, PatchEffort::strong)) == WindowKind::plain);
}

TEST_CASE("a patch has the bytes that docs/patch-format.md says") {
  const Bytes patch = patch_between(kOld, small_change());
  CHECK(patch == Bytes{
                     3,  // small_runs
                     1,  // one run
                     3,
                     1,
                     1,
                     3,  // bytes of control, gaps, differences, extra
                     8,  // all in one section, as it is
                     3,
                     64,
                     0,   // three bytes before it, its length, no seek
                     40,  // bytes that are the same before the one that differs
                     2,   // by 2
                     0xaa,
                     0xbb,
                     0xcc,
                 });
  CHECK(applied(kOld, patch, 67) == small_change());
}

TEST_CASE("a patch cut short anywhere is a protocol error") {
  const Bytes before = coarse_noise(5000, 1), after = recompiled(before, 2);
  for (const PatchEffort effort : {PatchEffort::fast, PatchEffort::strong}) {
    const Bytes patch = patch_between(before, after, 3, effort);
    for (size_t size = 0; size < patch.size(); ++size) {
      CHECK_FALSE(outcome(before, Bytes(patch.begin(), patch.begin() + static_cast<ptrdiff_t>(size)), after.size()));
    }
  }
}

TEST_CASE("a patch that goes on after its end is a protocol error") {
  Bytes patch = patch_between(kOld, small_change());
  patch.push_back(0);
  CHECK_FALSE(outcome(kOld, patch, 67));
  CHECK_FALSE(outcome(kOld, {0}, 0));
}

TEST_CASE("a flipped bit makes another content or a protocol error, never more than that") {
  const Bytes before = coarse_noise(3000, 1), after = recompiled(before, 2), mixed = text(200, "word");
  for (const Bytes& patch : {patch_between(before, after), patch_between(before, mixed, 3, PatchEffort::strong)}) {
    const size_t size = kind_of(patch) == WindowKind::runs ? after.size() : mixed.size();
    for (size_t i = 0; i < patch.size() * 8; ++i) {
      Bytes damaged = patch;
      damaged[i / 8] = static_cast<uint8_t>(damaged[i / 8] ^ 1 << i % 8);
      static_cast<void>(outcome(before, damaged, size));
    }
  }
}

TEST_CASE("a patch for another size is a protocol error") {
  const Bytes patch = patch_between(kOld, small_change());
  for (const uint64_t size : {0, 1, 66, 68, 1 << 20}) CHECK_FALSE(outcome(kOld, patch, size));
}

TEST_CASE("a run must lie within the old content and the window") {
  const auto run = [](Bytes control, uint8_t size) {
    Bytes patch{3, 1, static_cast<uint8_t>(control.size()), 0, 0, 0, static_cast<uint8_t>(control.size())};
    patch.insert(patch.end(), control.begin(), control.end());
    return outcome(kOld, patch, size).has_value();
  };
  CHECK(run({0, 64, 0}, 64));
  CHECK(run({0, 60, 8}, 60));         // From 4 to the end.
  CHECK_FALSE(run({0, 60, 10}, 60));  // One further.
  CHECK_FALSE(run({0, 60, 1}, 60));   // Starts at -1.
  CHECK_FALSE(run({0, 65, 0}, 65));   // Longer than the old content.
  CHECK_FALSE(run({0, 64, 0}, 63));   // Longer than the window.
  CHECK_FALSE(run({1, 64, 0}, 64));   // Beyond the window's end.
  CHECK_FALSE(run({0, 0xff, 0xff, 0xff, 0xff, 0x7f, 0}, 64));
  CHECK_FALSE(
      run({0, 16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, 16));  // Seeks as far as can be said.
  CHECK_FALSE(run({0, 16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2}, 16));  // A number beyond 64 bits.
}

TEST_CASE("sizes that a window cannot have are refused before anything is allocated for them") {
  const Bytes huge{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1};
  const auto with_huge = [&](Bytes head) {
    head.insert(head.end(), huge.begin(), huge.end());
    head.insert(head.end(), 20, 0);
    return outcome(kOld, head, 64).has_value();
  };
  CHECK_FALSE(with_huge({0}));  // A packed section.
  CHECK_FALSE(with_huge({1}));
  CHECK_FALSE(with_huge({2}));                          // Runs.
  CHECK_FALSE(with_huge({2, 1}));                       // Control.
  CHECK_FALSE(with_huge({2, 1, 3, 3}));                 // Differences.
  CHECK_FALSE(with_huge({3, 1, 3, 3, 0, 0}));           // The section of all.
  CHECK_FALSE(outcome(kOld, {2, 5, 0, 0, 0, 64}, 64));  // More runs than fit.
}

TEST_CASE("differences and new bytes must all be used, and be enough") {
  const auto accepted = [](std::initializer_list<uint8_t> patch) { return outcome(kOld, patch, 17).has_value(); };
  CHECK(accepted({3, 1, 3, 1, 1, 1, 6, 0, 16, 0, 15, 9, 7}));
  CHECK_FALSE(accepted({3, 1, 3, 1, 1, 1, 6, 0, 16, 0, 16, 9, 7}));     // A difference beyond the last run.
  CHECK_FALSE(accepted({3, 1, 3, 2, 1, 1, 7, 0, 16, 0, 1, 1, 9, 7}));   // A place without a difference.
  CHECK_FALSE(accepted({3, 1, 3, 1, 2, 1, 7, 0, 16, 0, 1, 9, 9, 7}));   // A difference without a place.
  CHECK_FALSE(accepted({3, 1, 3, 1, 1, 0, 5, 0, 16, 0, 1, 9}));         // No new byte.
  CHECK_FALSE(accepted({3, 1, 3, 1, 1, 2, 7, 0, 16, 0, 1, 9, 7, 7}));   // Too many.
  CHECK_FALSE(accepted({3, 1, 4, 1, 1, 1, 7, 0, 16, 0, 0, 15, 9, 7}));  // Control that says more than its run.
  CHECK_FALSE(accepted({4, 1, 3, 1, 1, 1, 6, 0, 16, 0, 15, 9, 7}));     // A kind there is not.
}

TEST_CASE("a content of several windows finds what moved far in an old one larger than a region") {
  // 40 MiB, of which the first and the last quarter change places, and 3 MiB are put between.
  const Bytes before = coarse_noise(40 << 20, 1);
  const auto at = [&](size_t mib) { return before.begin() + static_cast<ptrdiff_t>(mib << 20); };
  Bytes after(at(30), at(40));
  const Bytes inserted = coarse_noise(3 << 20, 2);
  after.insert(after.end(), at(10), at(30));
  after.insert(after.end(), inserted.begin(), inserted.end());
  after.insert(after.end(), at(0), at(10));
  const Bytes patch = patch_between(before, after);
  CHECK(patch.size() < (3 << 20) * 6 / 8 + (64 << 10));
  CHECK((applied(before, patch, after.size()) == after));
}

TEST_CASE("pieces of a large old content must lie within it, in order, and fit a region") {
  const Bytes before(kPatchRegion + 1000);
  const auto accepted = [&](std::initializer_list<uint64_t> pieces) {
    Bytes patch{2};
    for (const uint64_t number : pieces) put_integer(patch, number);
    for (const uint8_t byte : {1, 3, 0, 0, 0, 3, 0, 16, 0, 0, 0, 0}) patch.push_back(byte);
    return outcome(before, patch, 16).has_value();
  };
  CHECK(accepted({1, 0, 16}));
  CHECK(accepted({2, 3, 8, 0, 8}));
  CHECK(accepted({1, 1000, kPatchRegion}));
  CHECK_FALSE(accepted({1, 0, 15}));
  CHECK_FALSE(accepted({1, 1001, kPatchRegion}));
  CHECK_FALSE(accepted({1, 0, kPatchRegion + 1}));
  CHECK_FALSE(accepted({2, 0, kPatchRegion, 0, 1}));
  CHECK_FALSE(accepted({1, UINT64_MAX, 2}));
  CHECK_FALSE(accepted({1, 2, UINT64_MAX}));
  CHECK_FALSE(accepted({kMostPieces + 1, 0, 16}));
}
