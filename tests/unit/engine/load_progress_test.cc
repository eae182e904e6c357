// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/load_progress.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace docker_sync;

namespace {

std::vector<std::string> loaded(const std::string& text, size_t piece = SIZE_MAX) {
  LoadProgress progress;
  for (size_t at = 0; at < text.size(); at += std::min(piece, text.size() - at)) {
    progress.write(as_bytes(std::string_view(text).substr(at, piece)));
  }
  progress.finish();
  return progress.loaded();
}

Error refusal(const std::string& text) {
  try {
    (void)loaded(text);
  } catch (const Error& error) {
    return error;
  }
  return Error(ExitCode::ok, "accepted");
}

}  // namespace

TEST_CASE("IDs and names are read, each once, whatever else is said") {
  const std::string text =
      "{\"status\":\"Loading layer\",\"progressDetail\":{\"current\":1,\"total\":2},\"id\":\"3e20\"}\r\n"
      "{\"stream\":\"The image app:1 already exists, renaming the old one with ID sha256:1 to empty string\\n\"}\r\n"
      "{\"stream\":\"Loaded image: app:1\\n\"}\r\n"
      "{\"stream\":\"Loaded image: app:1\\n\"}\r\n\r\n"
      "{\"stream\":\"Loaded image ID: sha256:abc\\n\"}";
  for (size_t piece = 1; piece < text.size(); ++piece) {
    CAPTURE(piece);
    CHECK(loaded(text, piece) == std::vector<std::string>{"app:1", "sha256:abc"});
  }
  CHECK(loaded("").empty());
}

TEST_CASE("an import says the ID alone") {
  const std::string id = "sha256:" + std::string(64, 'a');
  CHECK(loaded(R"({"status":"Importing"})" "\n" R"({"status":")" + id + "\"}\r\n") == std::vector<std::string>{id});
}

TEST_CASE("an error is thrown in Docker's words") {
  const Error error = refusal(R"({"errorDetail":{"message":"unexpected EOF"},"error":"unexpected EOF"})");
  CHECK(error.code() == ExitCode::engine);
  CHECK(error.failure() == "Docker cannot load the image: unexpected EOF");
  CHECK(refusal(R"({"errorDetail":{"message":"only here"}})").failure() == "Docker cannot load the image: only here");
}

TEST_CASE("an error is thrown as soon as its line is complete") {
  LoadProgress progress;
  CHECK_THROWS_AS(progress.write(as_bytes("{\"error\":\"x\"}\n")), Error);
}

TEST_CASE("a full disk of the engine is a disk error") {
  const Error error = refusal(R"({"error":"write /x: no space left on device"})");
  CHECK(error.code() == ExitCode::disk);
  CHECK(error.remedy().find("docker system df") != std::string::npos);
}

TEST_CASE("an image that a containerd store could not unpack is an error, although it says that it was loaded") {
  const Error error = refusal("{\"stream\":\"Loaded image: mini:1\\n\"}\n"
                              "{\"stream\":\"Error unpacking image mini:1: apply layer error: not found\\n\"}\n");
  CHECK(error.code() == ExitCode::engine);
  CHECK(error.failure().find("apply layer error") != std::string::npos);
}

TEST_CASE("what is not JSON, or has no end, is an engine error") {
  CHECK(refusal("hello\n").code() == ExitCode::engine);
  CHECK(refusal("[]\n").code() == ExitCode::engine);
  CHECK(refusal("{\"stream\":\"Loaded image: a").code() == ExitCode::engine);
  CHECK(refusal(std::string(2 << 20, ' ')).failure().find("no line ends") != std::string::npos);
}

TEST_CASE("more loaded images than any archive has are refused") {
  std::string text;
  for (int i = 0; i <= 10000; ++i) text += "{\"stream\":\"Loaded image: a:" + std::to_string(i) + "\"}\n";
  CHECK(refusal(text).failure().find("too many") != std::string::npos);
}
