// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/delta_parts.h"

#include <doctest/doctest.h>

#include <random>

#include "base/error.h"
#include "fixture.h"

using namespace docker_sync;

namespace {

/// As the format has it, whatever a writer would.
class RawDelta {
 public:
  RawDelta& number(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<uint8_t>(value | 0x80));
    bytes_.push_back(static_cast<uint8_t>(value));
    return *this;
  }
  RawDelta& copy(uint64_t step, uint64_t size) { return number(size << 2 | 1).number(step << 1); }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

Bytes copy_delta(uint64_t position, uint64_t size) { return RawDelta().copy(position, size).bytes(); }

Bytes applied(const Bytes& basis, const Bytes& delta, uint64_t size) {
  MemorySource source(delta);
  MemorySink content;
  apply_delta(MemoryFile(basis), source, content, size);
  return content.bytes();
}

/// A content of 1000 new bytes in the middle of 3000 of the basis, from its place 500 on.
struct Example {
  Bytes basis = noise(4000, 1);
  Bytes content;
  std::vector<DeltaPart> parts{{1000, 500}, {1000, std::nullopt}, {2000, 1600}};
  Bytes delta;

  Example() {
    const Bytes fresh = noise(1000, 2);
    content.insert(content.end(), basis.begin() + 500, basis.begin() + 1500);
    content.insert(content.end(), fresh.begin(), fresh.end());
    content.insert(content.end(), basis.begin() + 1600, basis.begin() + 3600);
    MemorySink sink;
    put_delta(parts, {}, MemoryFile(content), sink);
    delta = sink.bytes();
  }
};

}  // namespace

TEST_CASE("a delta has the bytes that its format says") {
  MemorySink sink;
  const Bytes content{1, 2, 3, 4, 5, 6};
  put_delta({{2, 10}, {1, std::nullopt}, {3, 5}}, {}, MemoryFile(content), sink);
  CHECK(sink.bytes() == Bytes{2 << 2 | 1, 20, 1 << 2, 3, 3 << 2 | 1, 13});
  MemorySink holed;
  put_delta({{2, 10}, {1, std::nullopt}, {3, 15}}, {{2, 1, 12, 3}}, MemoryFile(content), holed);
  CHECK(holed.bytes() == Bytes{2 << 2 | 1, 20, 1 << 2 | 2, 0, 3, 3 << 2 | 1, 6});
}

TEST_CASE("a content comes back, and costs what is new in it") {
  const Example example;
  CHECK(applied(example.basis, example.delta, example.content.size()) == example.content);
  CHECK(example.delta.size() < 1020);
}

TEST_CASE("short new runs between copies are holes, if together they are worth it") {
  std::vector<DeltaPart> parts;
  uint64_t at = 0;
  for (int i = 0; i < 10; ++i) {
    parts.push_back({10'000, at});
    parts.push_back({1'000, std::nullopt});
    at += 11'100;
  }
  parts.push_back({10'000, at});
  const auto holes = find_holes(parts, 1000);
  REQUIRE(holes.size() == 10);
  CHECK(holes[0] == DeltaHole{10'000, 1'000, 10'000, 1'100});
  CHECK(holes[9] == DeltaHole{109'000, 1'000, 109'900, 1'100});
  CHECK(find_holes(parts, 300).empty());  // longer than three blocks
  parts.resize(9);
  CHECK(find_holes(parts, 1000).empty());  // not worth it
}

TEST_CASE("what is at the end, or between copies out of order, is no hole") {
  CHECK(find_holes({{10, 0}, {20'000, std::nullopt}}, 1 << 16).empty());
  CHECK(find_holes({{10, 50'000}, {20'000, std::nullopt}, {10, 40'000}}, 1 << 16).empty());
  CHECK(find_holes({{20'000, std::nullopt}, {10, 0}}, 1 << 16).empty());
  CHECK(find_holes({{20'000, std::nullopt}, {10, 100}}, 1 << 16) == std::vector<DeltaHole>{{0, 20'000, 0, 100}});
}

TEST_CASE("holes are told, and what is new in them is not") {
  const Example example;
  const std::vector<DeltaHole> holes{{1000, 1000, 1500, 100}};
  MemorySink sink;
  put_delta(example.parts, holes, MemoryFile(example.content), sink);
  CHECK(sink.bytes().size() < 20);
  std::vector<DeltaHole> told;
  std::vector<DeltaPart> copies;
  MemorySource source(sink.bytes());
  read_delta(source, example.basis.size(), example.content.size(),
             {[&](uint64_t from, uint64_t size) {
                copies.push_back({size, from});
              },
              [](ByteView) { FAIL("nothing is new"); }, [&](const DeltaHole& hole) { told.push_back(hole); }});
  CHECK(told == holes);
  CHECK(copies == std::vector<DeltaPart>{example.parts[0], example.parts[2]});
  CHECK(outcome([&] { (void)applied(example.basis, sink.bytes(), example.content.size()); }) == ExitCode::protocol);
}

TEST_CASE("a delta that tells more holes than may be is refused") {
  RawDelta delta;
  for (size_t i = 0; i <= kMostHoles; ++i) delta.number(1 << 2 | 2).number(0).number(0);
  MemorySource source(delta.bytes());
  size_t told = 0;
  CHECK(outcome([&] {
          read_delta(source, 10, kMostHoles + 1, {{}, {}, [&](const DeltaHole&) { ++told; }});
        }) == ExitCode::protocol);
  CHECK(told == kMostHoles);
}

TEST_CASE("a delta may copy only what the basis holds") {
  const Bytes basis = noise(1000, 1);
  CHECK(applied(basis, copy_delta(0, 1000), 1000) == basis);
  CHECK(applied(basis, copy_delta(999, 1), 1) == Bytes{basis[999]});
  constexpr uint64_t kHuge = uint64_t{1} << 32, kMost = INT64_MAX;
  const std::pair<uint64_t, uint64_t> outside[] = {
      {0, 1001}, {1, 1000},  {1000, 1},  {1001, 1},         {kMost, 1},      {kMost, kMost},        {UINT64_MAX, 1},
      {0, 0},    {0, kMost}, {0, kHuge}, {0, kHuge + 1000}, {0, UINT64_MAX}, {uint64_t{1} << 63, 8}};
  for (const auto& range : outside) {
    CAPTURE(range.first);
    CAPTURE(range.second);
    CHECK(outcome([&] { (void)applied(basis, copy_delta(range.first, range.second), 1000); }) == ExitCode::protocol);
  }
}

TEST_CASE("a delta makes exactly the content it is for") {
  const Example example;
  for (const uint64_t size : {0, 1, 999, 2999, 3999, 4001}) {
    MemorySource source(example.delta);
    MemorySink content;
    CHECK(outcome([&] { apply_delta(MemoryFile(example.basis), source, content, size); }) == ExitCode::protocol);
    CHECK(content.bytes().size() <= size);
  }
}

TEST_CASE("a small delta cannot make more than it may") {
  const Bytes basis(1 << 20);
  RawDelta bomb;
  for (int i = 0; i < 1000; ++i) bomb.number(basis.size() << 2 | 1).number((basis.size() << 1) - 1);
  MemorySource source(bomb.bytes());
  MemorySink content;
  CHECK(outcome([&] { apply_delta(MemoryFile(basis), source, content, 5'000'000); }) == ExitCode::protocol);
  CHECK(content.bytes().size() <= 5'000'000);
}

TEST_CASE("a delta cut anywhere, or longer than its end, is refused") {
  const Example example;
  Bytes delta = example.delta;
  for (size_t size = 0; size < delta.size(); ++size) {
    const Bytes cut(delta.begin(), delta.begin() + static_cast<ptrdiff_t>(size));
    REQUIRE(outcome([&] { (void)applied(example.basis, cut, example.content.size()); }) == ExitCode::protocol);
  }
  delta.push_back(0);
  CHECK(outcome([&] { (void)applied(example.basis, delta, example.content.size()); }) == ExitCode::protocol);
}

TEST_CASE("a delta with any byte changed is refused or makes as many bytes") {
  const Example example;
  const size_t count = example.content.size();
  for (size_t i = 0; i < example.delta.size(); ++i) {
    if (i > 20 && i + 20 < example.delta.size()) continue;  // new bytes may be any
    for (int value = 0; value < 256; ++value) {
      Bytes damaged = example.delta;
      damaged[i] = static_cast<uint8_t>(value);
      MemorySource source(damaged);
      MemorySink made;
      const ExitCode code = outcome([&] { apply_delta(MemoryFile(example.basis), source, made, count); });
      REQUIRE((code == ExitCode::protocol || (code == ExitCode::ok && made.bytes().size() == count)));
      REQUIRE(made.bytes().size() <= count);
    }
  }
}

TEST_CASE("an error while reading the basis comes out as it is") {
  struct Broken : RandomAccess {
    [[nodiscard]] uint64_t size() const override { return 1000; }
    void read_at(uint64_t, MutableBytes) const override { throw Error(ExitCode::disk, "gone"); }
  };
  const Bytes delta = copy_delta(0, 1000);
  MemorySource source(delta);
  MemorySink content;
  CHECK(outcome([&] { apply_delta(Broken(), source, content, 1000); }) == ExitCode::disk);
}
