// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/part_finder.h"

#include <doctest/doctest.h>

#include "delta/archives.h"

using namespace docker_sync;
using namespace docker_sync::archives;

namespace {

/// Offsets of all places, where each is looked for behind the one before.
std::vector<uint64_t> places_in(const Bytes& content) {
  const MemoryFile file(content);
  PartFinder finder(file);
  std::vector<uint64_t> offsets;
  uint64_t from = 0;
  while (const auto place = finder.next(from)) {
    CHECK(place->offset < content.size());
    CHECK(place->offset > from);
    offsets.push_back(from = place->offset);
  }
  return offsets;
}

Bytes gzip_header(uint8_t flags, std::string_view rest) {
  Bytes bytes{0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3};
  append(bytes, as_bytes(rest));
  return bytes;
}

using namespace std::string_view_literals;

}  // namespace

TEST_CASE("archives and scripts are known by how they begin") {
  CHECK(may_hold_parts(as_bytes("PK\3\4")));
  CHECK(may_hold_parts(as_bytes("\x1f\x8b\x08\x00"sv)));
  CHECK(may_hold_parts(as_bytes("#!/bin/sh\nexec java -jar $0\n")));
  CHECK_FALSE(may_hold_parts(as_bytes("PK\5\6")));
  CHECK_FALSE(may_hold_parts(as_bytes("\x1f\x8b\x07\x00"sv)));
  CHECK_FALSE(may_hold_parts(as_bytes("\177ELF")));
  CHECK_FALSE(may_hold_parts(as_bytes("PK\3")));
  CHECK_FALSE(may_hold_parts({}));
}

TEST_CASE("a part is found behind each local header, wherever it stands") {
  const Bytes data(40, 1);
  Bytes content = zip_member("name", data, 100);
  append(content, Bytes(200'000, 'P'));
  const uint64_t second = content.size();
  append(content, zip_member("", data, 0, true));
  CHECK(places_in(content) == std::vector<uint64_t>{34, second + 30});
  Bytes moved(65536 - 3, 0);  // The signature lies across two readings.
  append(moved, content);
  CHECK(places_in(moved) == std::vector<uint64_t>{34 + 65533, second + 30 + 65533});
}

TEST_CASE("members that are stored, encrypted or cut short are no parts") {
  const Bytes data(40, 1);
  CHECK(places_in(zip_member("name", data, 40, false, 0)).empty());
  CHECK(places_in(zip_member("name", data, 40, false, 8, 1)).empty());
  const Bytes member = zip_member("name", data, 100);
  for (size_t size = 0; size <= 34; ++size) {
    CHECK(places_in(Bytes(member.begin(), member.begin() + static_cast<ptrdiff_t>(size))).empty());
  }
}

TEST_CASE("members of an archive that is stored in another are found") {
  const Bytes inner = zip_member("inner", Bytes(40, 1), 100);
  CHECK(places_in(zip_member("outer", inner, inner.size(), false, 0)) == std::vector<uint64_t>{35 + 35});
}

TEST_CASE("a gzip header is skipped with all that it may hold") {
  CHECK(places_in(gzip_header(0, "x")) == std::vector<uint64_t>{10});
  CHECK(places_in(gzip_header(4, "\x02\x00__x"sv)) == std::vector<uint64_t>{14});
  CHECK(places_in(gzip_header(8, "name\0x"sv)) == std::vector<uint64_t>{15});
  CHECK(places_in(gzip_header(2 + 4 + 8 + 16, "\x01\x00_name\0comment\0__x"sv)) == std::vector<uint64_t>{28});
}

TEST_CASE("a gzip header that is cut short, endless or of another time has no part") {
  const Bytes whole = gzip_header(2 + 4 + 8 + 16, "\x01\x00_name\0comment\0__x"sv);
  for (size_t size = 0; size < whole.size(); ++size) {
    CHECK(places_in(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size))).empty());
  }
  CHECK(places_in(gzip_header(0x20, "xxxxxx")).empty());
  CHECK(places_in(gzip_header(4, "\xff\xff____")).empty());
  Bytes endless = gzip_header(8, "");
  append(endless, Bytes(100'000, 'n'));
  CHECK(places_in(endless).empty());
}

TEST_CASE("a gzip file may have members, one right after the other") {
  Bytes content = gzip_header(0, "deflatedtrailing");
  const uint64_t second = content.size();
  append(content, gzip_header(0, "x"));
  const MemoryFile file(content);
  PartFinder finder(file);
  CHECK(finder.next(0)->offset == 10);
  CHECK_FALSE(finder.next(10));
  finder.gzip_ended(18);
  CHECK(finder.next(18)->offset == second + 10);
  finder.gzip_ended(content.size());
  CHECK_FALSE(finder.next(content.size()));
}
