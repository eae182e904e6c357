// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/columns.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace docker_sync;

namespace {

template <typename Read>
bool is_refused(const Bytes& column, Read read) {
  ColumnReader reader(column);
  try {
    read(reader);
  } catch (const Error& error) {
    return error.code() == ExitCode::protocol;
  }
  return false;
}

}  // namespace

TEST_CASE("numbers are LEB128") {
  ColumnWriter writer;
  for (const uint64_t number : {uint64_t{0}, uint64_t{127}, uint64_t{128}, uint64_t{300}, UINT64_MAX})
    writer.number(number);
  const Bytes golden = {0, 127, 128, 1, 0xac, 2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1};
  CHECK(Bytes(writer.bytes().begin(), writer.bytes().end()) == golden);
  ColumnReader reader(writer.bytes());
  for (const uint64_t number : {uint64_t{0}, uint64_t{127}, uint64_t{128}, uint64_t{300}, UINT64_MAX}) {
    CHECK(reader.number() == number);
  }
  CHECK(reader.at_end());
}

TEST_CASE("small differences of either sign are one byte, and the largest come back") {
  struct Case {
    uint64_t value, predicted;
    size_t bytes;
  };
  for (const Case& c : {Case{5, 5, 1}, Case{5, 6, 1}, Case{6, 5, 1}, Case{0, 64, 1}, Case{0, 65, 2},
                        Case{UINT64_MAX, 0, 1}, Case{0, UINT64_MAX, 1}, Case{uint64_t{1} << 63, 0, 10}}) {
    ColumnWriter writer;
    writer.difference(c.value, c.predicted);
    CHECK(writer.bytes().size() == c.bytes);
    ColumnReader reader(writer.bytes());
    CHECK(reader.difference(c.predicted) == c.value);
  }
}

TEST_CASE("texts end in a NUL") {
  ColumnWriter writer;
  writer.text("abc");
  writer.text("");
  ColumnReader reader(writer.bytes());
  CHECK(reader.text(3) == "abc");
  CHECK(reader.text(0) == "");
  CHECK(reader.at_end());
}

TEST_CASE("a column that ends early or a text that is too long is a protocol error") {
  const auto number = [](ColumnReader& reader) { (void)reader.number(); };
  CHECK(is_refused({}, number));
  CHECK(is_refused({0x80}, number));
  CHECK(is_refused(Bytes(10, 0xff), number));
  CHECK(is_refused({255, 255, 255, 255, 255, 255, 255, 255, 255, 2}, number));
  CHECK(is_refused({}, [](ColumnReader& reader) { (void)reader.byte(); }));
  CHECK(is_refused({'a', 'b'}, [](ColumnReader& reader) { (void)reader.text(10); }));
  CHECK(is_refused({'a', 'b', 0}, [](ColumnReader& reader) { (void)reader.text(1); }));
  CHECK(is_refused({1, 2, 3}, [](ColumnReader& reader) { (void)reader.raw(4); }));
  CHECK(is_refused({1, 2, 3}, [](ColumnReader& reader) { (void)reader.raw(UINT64_MAX); }));
}
