// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/http_response.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <utility>

using namespace docker_sync;

namespace {

/// Gives a text in pieces of at most `piece` bytes, and between any two of them says once that nothing has come.
class Pieces : public EngineStream {
 public:
  Pieces(std::string text, size_t piece) : text_(std::move(text)), piece_(piece) {}

  std::optional<size_t> read_some(MutableBytes out) override {
    if (std::exchange(ready_, !ready_)) {
      const size_t count = std::min({piece_, out.size(), text_.size() - at_});
      if (count > 0) std::memcpy(out.data(), text_.data() + at_, count);
      at_ += count;
      return count;
    }
    return std::nullopt;
  }
  std::optional<size_t> write_some(ByteView bytes) override { return bytes.size(); }
  bool wait(Wait, std::optional<std::chrono::milliseconds> timeout) override { return !timeout; }
  void finish_writing() override {}
  void close() noexcept override {}

 private:
  std::string text_;
  size_t piece_, at_ = 0;
  bool ready_ = false;
};

std::string read_all(HttpResponse& response, size_t block_bytes = 7) {
  std::string body;
  Bytes block(block_bytes);
  while (const size_t count = response.read(block, std::nullopt)) body += as_text(ByteView(block).first(count));
  return body;
}

std::string body_of(const std::string& text, size_t piece) {
  Pieces stream(text, piece);
  HttpResponse response(stream);
  return read_all(response);
}

const std::string kPlain = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world";
const std::string kChunked =
    "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n000006\r\n world\r\n0\r\n\r\n";

}  // namespace

TEST_CASE("a body is the same however the bytes arrive") {
  for (size_t piece = 1; piece <= kChunked.size(); ++piece) {
    CAPTURE(piece);
    CHECK(body_of(kPlain, piece) == "hello world");
    CHECK(body_of(kChunked, piece) == "hello world");
  }
}

TEST_CASE("the head is known before the body is read") {
  Pieces stream(kChunked, 3);
  HttpResponse response(stream);
  CHECK_FALSE(response.has_head());
  response.await_head(std::nullopt);
  CHECK(response.has_head());
  CHECK(response.status() == 404);
  CHECK_FALSE(response.ended());
  CHECK(read_all(response) == "hello world");
  CHECK(response.ended());
  CHECK(response.keeps_alive());
}

TEST_CASE("taking does not wait") {
  Pieces stream(kPlain, kPlain.size());
  HttpResponse response(stream);
  Bytes block(100);
  CHECK_FALSE(response.take(block).has_value());
  CHECK(response.take(block) == 11);
  CHECK(response.take(block) == 0);
}

TEST_CASE("every truncation is EngineGone, never a short body") {
  for (const std::string& whole : {kPlain, kChunked}) {
    for (size_t length = 0; length < whole.size(); ++length) {
      CAPTURE(length);
      Pieces stream(whole.substr(0, length), 16);
      HttpResponse response(stream);
      CHECK_THROWS_AS((void)read_all(response), EngineGone);
    }
  }
}

TEST_CASE("a body without length lasts until the end of the connection, which is not kept") {
  Pieces stream("HTTP/1.0 200 OK\r\n\r\nall of it", 4);
  HttpResponse response(stream);
  CHECK(read_all(response) == "all of it");
  CHECK_FALSE(response.keeps_alive());
}

TEST_CASE("an answer without body ends with its head") {
  Pieces stream("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", 100);
  HttpResponse response(stream);
  response.await_head(std::nullopt);
  CHECK(response.ended());
}

TEST_CASE("bytes behind an answer forbid to keep the connection") {
  Pieces stream(kPlain + "HTTP/1.1 200 OK\r\n", 1000);
  HttpResponse response(stream);
  CHECK(read_all(response) == "hello world");
  CHECK_FALSE(response.keeps_alive());
}

TEST_CASE("a length beyond 8 MiB is nothing special") {
  Pieces stream("HTTP/1.1 200 OK\r\nContent-Length: 8000000000\r\n\r\nx", 1000);
  HttpResponse response(stream);
  response.await_head(std::nullopt);
  CHECK(response.status() == 200);
}

TEST_CASE("what is not HTTP is an engine error") {
  for (const char* text : {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    CAPTURE(text);
    Pieces stream(text, 1000);
    HttpResponse response(stream);
    CHECK_THROWS_WITH_AS((void)read_all(response), doctest::Contains("not HTTP"), Error);
  }
}

TEST_CASE("a head without end is refused, not collected") {
  Pieces stream("HTTP/1.1 200 OK\r\nX: " + std::string(10 << 20, 'x'), 4096);
  HttpResponse response(stream);
  CHECK_THROWS_WITH_AS(response.await_head(std::nullopt), doctest::Contains("not HTTP"), Error);
}

TEST_CASE("a chunk size line without end is refused, not collected") {
  Pieces stream("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + std::string(10 << 20, 'x'), 4096);
  HttpResponse response(stream);
  CHECK_THROWS_WITH_AS((void)read_all(response), doctest::Contains("not HTTP"), Error);
}

TEST_CASE("flipped bits never crash and never make the body longer than what came") {
  for (size_t at = 0; at < kChunked.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = kChunked;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      try {
        const std::string body = body_of(damaged, 16);
        CHECK(body.size() <= damaged.size());
      } catch (const Error& error) {
        CHECK(error.code() == ExitCode::engine);
      }
    }
  }
}

TEST_CASE("silence beyond the timeout is an engine error") {
  Pieces stream(kPlain, 1);
  HttpResponse response(stream);
  CHECK_THROWS_WITH_AS(response.await_head(std::chrono::seconds(120)), doctest::Contains("not answered for 120 s"),
                       Error);
}
