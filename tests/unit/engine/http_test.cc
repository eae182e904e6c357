// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/http.h"

#include <doctest/doctest.h>

#include <cstring>

#include "fake_daemon.h"

using namespace docker_sync;

namespace {

constexpr const char* kLoad = "POST /load";

/// Gives `bytes` bytes, then ends or throws.
class Body : public Source {
 public:
  explicit Body(uint64_t bytes, bool fails = false) : left_(bytes), fails_(fails) {}
  size_t read(MutableBytes out) override {
    if (left_ == 0 && fails_) throw Error(ExitCode::verification, "the layer is wrong");
    const auto count = static_cast<size_t>(std::min<uint64_t>(left_, out.size()));
    for (size_t i = 0; i < count; ++i) out[i] = static_cast<uint8_t>('a' + position_++ % 26);
    left_ -= count;
    return count;
  }
  [[nodiscard]] uint64_t left() const { return left_; }

 private:
  uint64_t left_, position_ = 0;
  bool fails_;
};

std::string text_of(MemorySink& sink) { return std::string(as_text(sink.bytes())); }

std::string read_all(Source& source) {
  MemorySink sink;
  copy(source, sink);
  return text_of(sink);
}

}  // namespace

TEST_CASE("a small request has these bytes") {
  FakeDaemon daemon;
  daemon.on("GET /version", "200 OK", "{}");
  daemon.on("POST /tag", "201 Created", "");
  {
    HttpClient client(daemon.connect());
    CHECK(client.exchange("GET", "/version").body == "{}");
    CHECK(client.exchange("POST", "/tag").status == 201);
  }
  const auto requests = daemon.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].head == "GET /version HTTP/1.1\r\nHost: localhost\r\nUser-Agent: docker-sync\r\n\r\n");
  CHECK(requests[1].head ==
        "POST /tag HTTP/1.1\r\nHost: localhost\r\nUser-Agent: docker-sync\r\nContent-Length: 0\r\n\r\n");
  CHECK(daemon.connections() == 1);
}

TEST_CASE("an error answer is an answer") {
  FakeDaemon daemon;
  daemon.on("GET /x", "404 Not Found", R"({"message":"no such image"})");
  HttpClient client(daemon.connect());
  const HttpReply reply = client.exchange("GET", "/x");
  CHECK_FALSE(reply.ok());
  CHECK(reply.status == 404);
  CHECK(reply.body == R"({"message":"no such image"})");
}

TEST_CASE("a kept connection that was closed meanwhile is opened again") {
  FakeDaemon daemon;
  daemon.on("GET /x", {http_answer("200 OK", "first"), true});
  daemon.on("GET /x", {http_answer("200 OK", "second")});
  HttpClient client(daemon.connect());
  CHECK(client.exchange("GET", "/x").body == "first");
  CHECK(client.exchange("GET", "/x").body == "second");
  CHECK(daemon.connections() == 2);
}

TEST_CASE("a connection that is cut on the first question is an error, not a loop") {
  FakeDaemon daemon;
  daemon.on("GET /x", {"HTTP/1.1 200", true});
  HttpClient client(daemon.connect());
  CHECK_THROWS_AS((void)client.exchange("GET", "/x"), EngineGone);
  CHECK(daemon.lines().size() == 1);
}

TEST_CASE("an answer larger than 64 MiB is refused") {
  FakeDaemon daemon;
  daemon.on("GET /images", {"HTTP/1.1 200 OK\r\n\r\n" + std::string((64 << 20) + 1, 'x'), true});
  HttpClient client(daemon.connect());
  CHECK_THROWS_WITH_AS((void)client.exchange("GET", "/images"), doctest::Contains("larger than 67108864 bytes"), Error);
}

TEST_CASE("a download streams, on a connection of its own") {
  FakeDaemon daemon;
  const std::string big(1 << 20, 'x');
  daemon.on("GET /get", {chunked_answer({"one,", "two,", big})});
  {
    HttpClient client(daemon.connect());
    const auto download = client.download("/get");
    CHECK(download->status() == 200);
    CHECK(read_all(*download) == "one,two," + big);
  }
  CHECK(daemon.requests()[0].head ==
        "GET /get HTTP/1.1\r\nHost: localhost\r\nUser-Agent: docker-sync\r\nConnection: close\r\n\r\n");
}

TEST_CASE("a download that is cut is an error") {
  FakeDaemon daemon;
  std::string half = chunked_answer({"half of it"});
  half.resize(half.size() - 5);
  daemon.on("GET /get", {half, true});
  HttpClient client(daemon.connect());
  const auto download = client.download("/get");
  CHECK_THROWS_AS((void)read_all(*download), EngineGone);
}

TEST_CASE("an upload arrives whole, in chunks") {
  FakeDaemon daemon;
  daemon.on(kLoad, "200 OK", "loaded");
  MemorySink answer;
  {
    HttpClient client(daemon.connect());
    Body body(1000000);
    CHECK(client.upload("/load", "application/x-tar", body, answer).ok());
  }
  CHECK(text_of(answer) == "loaded");
  const auto requests = daemon.requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].head ==
        "POST /load HTTP/1.1\r\nHost: localhost\r\nUser-Agent: docker-sync\r\nContent-Type: application/x-tar\r\n"
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
  Body same(1000000);
  CHECK(requests[0].complete);
  CHECK((requests[0].body == read_all(same)));
}

TEST_CASE("an empty upload is complete") {
  FakeDaemon daemon;
  daemon.on(kLoad, "200 OK", "");
  HttpClient client(daemon.connect());
  MemorySource nothing({});
  MemorySink answer;
  CHECK(client.upload("/load", "application/x-tar", nothing, answer).ok());
  CHECK(daemon.requests()[0].complete);
}

TEST_CASE("an error that comes before the body is sent is read, and ends the sending") {
  FakeDaemon daemon;
  // With and without closing the connection at once: the second send then fails with EPIPE.
  daemon.on(kLoad, {http_answer("500 Broken", "disk full"), true, 1000});
  daemon.on(kLoad, {http_answer("500 Broken", "disk full"), false, 1000});
  HttpClient client(daemon.connect());
  for (int round = 0; round < 2; ++round) {
    Body body(1 << 30);
    MemorySink answer;
    const HttpReply reply = client.upload("/load", "application/x-tar", body, answer);
    CHECK(reply.status == 500);
    CHECK(reply.body == "disk full");
    CHECK(answer.bytes().empty());
    CHECK(body.left() > 0);
  }
}

TEST_CASE("what the answer's reader throws while the body is being sent ends the upload") {
  FakeDaemon daemon;
  daemon.on(kLoad, {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbad\r\n", false, 1000});
  HttpClient client(daemon.connect());
  Body body(1 << 30);
  CallbackSink answer([](ByteView bytes) { throw Error(ExitCode::engine, std::string(as_text(bytes))); });
  CHECK_THROWS_WITH_AS((void)client.upload("/load", "application/x-tar", body, answer), "bad", Error);
  CHECK(body.left() > 0);
}

TEST_CASE("a connection that is cut while the body is being sent is an error") {
  FakeDaemon daemon;
  daemon.on(kLoad, {"", true, 1000});
  HttpClient client(daemon.connect());
  Body body(1 << 30);
  MemorySink answer;
  CHECK_THROWS_AS((void)client.upload("/load", "application/x-tar", body, answer), EngineGone);
}

TEST_CASE("a body that fails leaves the request unfinished, and its error goes on") {
  FakeDaemon daemon;
  daemon.on(kLoad, "500 Broken", "unexpected EOF");
  HttpClient client(daemon.connect());
  Body body(300000, true);
  MemorySink answer;
  try {
    (void)client.upload("/load", "application/x-tar", body, answer);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::verification);
    CHECK(error.failure() == "the layer is wrong");
  }
  const auto requests = daemon.requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].body.size() == 300000);
  CHECK_FALSE(requests[0].complete);
}

TEST_CASE("percent-encoding leaves nothing that a request line could stumble over") {
  CHECK(percent_encode("host:5000/app_1.x~y-z") == "host%3A5000%2Fapp_1.x~y-z");
  CHECK(percent_encode("host:5000/app", "/:") == "host:5000/app");
  CHECK(percent_encode("a b?c&d\r\n\xff%") == "a%20b%3Fc%26d%0D%0A%FF%25");
}
