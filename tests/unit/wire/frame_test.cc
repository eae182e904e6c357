// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "wire/frame.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>

#include "base/error.h"
#include "base/fd.h"
#include "wire/limits.h"

using namespace docker_sync;

TEST_CASE("a frame header is a little-endian length and a type") {
  const auto bytes = encode_frame_header({0x00010203, FrameType::inventory});
  CHECK(bytes == std::array<uint8_t, 5>{3, 2, 1, 0, 11});
  const FrameHeader header = decode_frame_header(bytes);
  CHECK(header.length == 0x00010203);
  CHECK(header.type == FrameType::inventory);
}

TEST_CASE("a frame of unknown type or beyond its limit is a protocol error") {
  const auto refused = [](FrameHeader header) {
    const auto bytes = encode_frame_header(header);
    CHECK_THROWS_AS((void)decode_frame_header(bytes), const Error&);
  };
  refused({0, static_cast<FrameType>(0)});
  refused({0, static_cast<FrameType>(200)});
  refused({1, FrameType::ping});
  refused({13, FrameType::credit});
  refused({limits::kDataBytes + 5, FrameType::data});
  refused({limits::kFrameBytes + 1, FrameType::query});
  refused({0xffffffff, FrameType::hello});
}

TEST_CASE("the protocol page names every frame type with its number") {
  const char* page = std::getenv("PROTOCOL_PAGE");
  REQUIRE(page != nullptr);
  const auto text = read_file(page);
  REQUIRE(text.has_value());
  int known = 0;
  for (int number = 0; number < 256; ++number) {
    const std::string_view name = name_of(static_cast<FrameType>(number));
    if (name.empty()) continue;
    ++known;
    const std::string row = fmt::format("| {} | {} |", number, name);
    CHECK_MESSAGE(text->find(row) != std::string::npos, row);
  }
  CHECK(known == 17);
}
