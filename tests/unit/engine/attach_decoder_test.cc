// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/attach_decoder.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace docker_sync;

namespace {

std::string frame(uint8_t stream, const std::string& text) {
  std::string bytes{static_cast<char>(stream), 0, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(text.size() >> shift);
  return bytes + text;
}

/// All output of `raw`, fed `piece` bytes at a time.
std::string output_of(AttachDecoder& decoder, const std::string& raw, size_t piece) {
  std::string output;
  Bytes block(7);
  for (size_t at = 0; at < raw.size(); at += piece) {
    decoder.feed(as_bytes(raw.substr(at, piece)));
    while (true) {
      const bool has = decoder.has_output();
      const size_t count = decoder.take(block);
      CHECK(has == (count > 0));
      if (count == 0) break;
      output.append(as_text(ByteView(block).first(count)));
    }
  }
  return output;
}

const std::string kTalk = frame(1, "one") + frame(2, "a warning\n") + frame(1, "") + frame(1, std::string(300, 'x')) +
                          frame(2, "") + frame(1, "end");

}  // namespace

TEST_CASE("output and errors are told apart, however the bytes come") {
  for (size_t piece = 1; piece < kTalk.size() + 1; ++piece) {
    AttachDecoder decoder;
    CHECK(output_of(decoder, kTalk, piece) == "one" + std::string(300, 'x') + "end");
    CHECK(decoder.errors() == "a warning\n");
  }
}

TEST_CASE("of a talk that is cut short comes what was said") {
  for (size_t length = 0; length < kTalk.size(); ++length) {
    AttachDecoder decoder;
    const std::string output = output_of(decoder, kTalk.substr(0, length), 50);
    CHECK(("one" + std::string(300, 'x') + "end").starts_with(output));
    CHECK_FALSE(decoder.has_output());
  }
}

TEST_CASE("a length uses all its bytes") {
  AttachDecoder decoder;
  const std::string long_text(0x012345, 'y');
  CHECK(output_of(decoder, frame(1, long_text) + frame(1, "z"), 4096) == long_text + "z");
}

TEST_CASE("what is no frame is a ProtocolError") {
  for (const std::string& head :
       {std::string("\0\0\0\0\0\0\0\1", 8), std::string("\3\0\0\0\0\0\0\1", 8), std::string("\1\1\0\0\0\0\0\1", 8),
        std::string("\2\0\0\7\0\0\0\1", 8), std::string("HTTP/1.1")}) {
    AttachDecoder decoder;
    decoder.feed(as_bytes(frame(1, "x") + head));
    Bytes block(10);
    CHECK(decoder.take(block) == 1);
    try {
      (void)decoder.take(block);
      FAIL("taken");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::protocol);
    }
  }
}
