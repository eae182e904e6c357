// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "wire/message.h"

#include <doctest/doctest.h>

#include "wire/limits.h"

using namespace docker_sync;

TEST_CASE("an inventory crosses the wire whole") {
  ImageInfo image{"sha256:abc",
                  {Reference::parse("redis"), Reference::parse("host:5000/a/b:1")},
                  {Digest::of(as_bytes("config")), {Digest::of(as_bytes("l0"))}, "{}"},
                  "2024-01-01T00:00:00Z",
                  42};
  const Inventory sent{"Docker", {ImageRecord::of(image)}, 7};
  const auto received = decode<Inventory>(encode(sent));
  REQUIRE(received.images.size() == 1);
  const ImageInfo back = received.images[0].to_image();
  CHECK(back.id == image.id);
  CHECK(back.names == image.names);
  CHECK(back.identity.same_as(image.identity));
  CHECK(back.created == image.created);
  CHECK(back.size == 42);
  CHECK(received.untagged == 7);
}

TEST_CASE("long messages travel compressed and short ones plain") {
  Query query;
  query.names.assign(1000, "docker.io/library/redis:latest");
  const Frame frame = encode(query);
  CHECK(frame.payload[0] == 1);
  CHECK(frame.payload.size() < 1000);
  CHECK(decode<Query>(frame).names == query.names);
  CHECK(encode(Query{true, {}, {}}).payload == Bytes{0, 1, 0, 0});
}

TEST_CASE("an error comes out of the wire as it went in") {
  const Error error = Error(ExitCode::disk, "no space", "free some").on_host("server");
  const auto failed = decode<Failed>(encode(Failed{Failure::of(error)}));
  const Error back = failed.failure.to_error();
  CHECK(back.code() == ExitCode::disk);
  CHECK(std::string(back.what()) == "server: no space: free some");
}

TEST_CASE("an exit code that a peer made up becomes an internal error, never success") {
  CHECK(Failure{ExitCode::ok, "", "x", ""}.to_error().code() == ExitCode::internal);
  CHECK(Failure{static_cast<ExitCode>(99), "", "x", ""}.to_error().code() == ExitCode::internal);
}

TEST_CASE("a payload in no known form is a protocol error") {
  CHECK_THROWS_AS((void)decode<Query>(Frame{FrameType::query, {}}), const Error&);
  CHECK_THROWS_AS((void)decode<Query>(Frame{FrameType::query, {2, 0, 0, 0}}), const Error&);
  CHECK_THROWS_AS((void)decode<Query>(Frame{FrameType::query, {1, 'n', 'o', 't', ' ', 'z'}}), const Error&);
}
