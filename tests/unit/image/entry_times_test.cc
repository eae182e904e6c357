// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/entry_times.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "image/layer_split.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

std::vector<Bytes> gaps_of(const Bytes& layer) {
  std::vector<Bytes> gaps;
  split_layer(MemoryFile(layer), [&](Piece&& piece) { gaps.push_back(std::move(piece.gap)); });
  return gaps;
}

std::vector<Bytes> layers() {
  std::vector<Bytes> tars{go_long_file(std::string(150, 'd') + "/file", "content") + tar_end()};
  for (const char* format : {"ustar", "pax", "gnutar", "v7"}) tars.push_back(libarchive_tar(format));
  const SampleTree tree;
  for (const char* format : {"gnu", "posix"}) {
    tars.push_back(tree.gnu_tar({std::string("--format=") + format}));
  }
  return tars;
}

TarHeader file_of(uint64_t mtime) {
  TarHeader header;
  header.name = "file";
  header.mode = 0644;
  header.mtime = mtime;
  return header;
}

}  // namespace

TEST_CASE("times that were taken out of headers of any writer go in again") {
  size_t headers = 0;
  for (const Bytes& layer : layers()) {
    for (const Bytes& gap : gaps_of(layer)) {
      Bytes without = gap;
      const std::vector<uint64_t> times = take_times(without);
      headers += times.size();
      CHECK(times.empty() == (without == gap));
      // Where the headers are is seen on a gap that has its times.
      Bytes other = gap;
      replace_times(other, [] { return uint64_t{1234567890}; });
      Bytes other_without = other;
      CHECK(take_times(other_without) == std::vector<uint64_t>(times.size(), 1234567890));
      CHECK(other_without == without);
      size_t next = 0;
      replace_times(other, [&] { return times.at(next++); });
      CHECK(other == gap);
    }
  }
  CHECK(headers > 80);
}

TEST_CASE("entries that differ in nothing but their time are the same without it") {
  Bytes a = tar_entry(file_of(1)), b = tar_entry(file_of(uint64_t{1} << 40));
  CHECK(a != b);
  CHECK(take_times(a) == std::vector<uint64_t>{1});
  CHECK(take_times(b) == std::vector<uint64_t>{uint64_t{1} << 40});
  CHECK(a == b);
}

TEST_CASE("what else differs still does") {
  TarHeader header = file_of(1);
  Bytes a = tar_entry(header);
  header.mode = 0755;
  Bytes b = tar_entry(header);
  (void)take_times(a);
  (void)take_times(b);
  CHECK(a != b);
}

TEST_CASE("a header that does not come back to the byte keeps its time") {
  Bytes gap = tar_entry(file_of(5));
  gap[136 + 10] = ' ';  // "0000000000 " and a NUL, as nobody writes it
  uint32_t sum = 0;
  for (size_t i = 0; i < kTarBlock; ++i) sum += i >= 148 && i < 156 ? ' ' : gap[i];
  for (size_t i = 6; i-- > 0; sum >>= 3) gap[148 + i] = static_cast<uint8_t>('0' + (sum & 7));
  REQUIRE(parse_header(ByteView(gap).first(kTarBlock)).has_value());
  const Bytes before = gap;
  CHECK(take_times(gap).empty());
  CHECK(gap == before);
}

TEST_CASE("damaged gaps are taken as they are") {
  mutate(tar_file("one", "1") + tar_folder("folder") + go_long_file(std::string(200, 'x'), "2"), 2000,
         [](const Bytes& bytes) {
           Bytes without = bytes;
           const size_t count = take_times(without).size();
           Bytes again = bytes;
           replace_times(again, [] { return uint64_t{7}; });
           CHECK(take_times(again).size() == count);
           CHECK(again == without);
         });
}

TEST_CASE("times come back, and cost next to nothing while few are new") {
  std::vector<uint64_t> times;
  for (uint64_t i = 0; i < 3000; ++i) times.push_back(i % 3 == 0 ? 1700000000 : 1700000000 + i / 500);
  TimeEncoder encoder;
  TimeDecoder decoder;
  size_t bytes = 0;
  for (size_t at = 0; at < times.size(); at += 300) {
    for (size_t i = at; i < at + 300; ++i) encoder.put(times[i]);
    Bytes part = encoder.take();
    bytes += part.size();
    decoder.feed(std::move(part));
    for (size_t i = at; i < at + 300; ++i) CHECK(decoder.next() == times[i]);
    CHECK(decoder.at_end());
  }
  CHECK(bytes < 3100);
  for (const uint64_t extreme : {uint64_t{0}, UINT64_MAX, uint64_t{1} << 63}) {
    encoder.put(extreme);
    decoder.feed(encoder.take());
    CHECK(decoder.next() == extreme);
  }
}

TEST_CASE("damaged times are refused") {
  TimeDecoder decoder;
  CHECK_THROWS_AS((void)decoder.next(), Error);
  decoder.feed({1});
  CHECK_THROWS_AS((void)decoder.next(), Error);  // the last used one, where none was
  TimeDecoder cut;
  cut.feed({0, 0x80});
  CHECK_THROWS_AS((void)cut.next(), Error);
  TimeDecoder left;
  left.feed({0, 2});
  CHECK_THROWS_AS(left.feed({0, 2}), Error);
}
