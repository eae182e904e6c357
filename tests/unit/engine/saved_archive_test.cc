// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/saved_archive.h"

#include <doctest/doctest.h>

#include "fake_daemon.h"

using namespace docker_sync;

namespace {

const std::string kError = R"({"errorDetail":{"message":"write: no space left on device"},)"
                           R"("error":"write: no space left on device"})" "\r\n";

std::string saved(const FakeDaemon::Answer& answer) {
  FakeDaemon daemon;
  daemon.on("GET /get", answer);
  HttpClient client(daemon.connect());
  SavedArchive archive(client.download("/get"), [](const HttpReply& reply) {
    throw Error(ExitCode::image, "refused: " + reply.body);
  });
  MemorySink sink;
  copy(archive, sink);
  return std::string(as_text(sink.bytes()));
}

Error refusal(const FakeDaemon::Answer& answer) {
  try {
    (void)saved(answer);
  } catch (const Error& error) {
    return error;
  }
  return Error(ExitCode::ok, "saved");
}

}  // namespace

TEST_CASE("an archive comes out as it is") {
  const std::string tar = std::string(100000, 'x') + std::string(1024, '\0');
  CHECK(saved({chunked_answer({tar})}) == tar);
  CHECK(saved({chunked_answer({})}).empty());
}

TEST_CASE("an error instead of an archive is handed to who asked") {
  const Error error = refusal({http_answer("404 Not Found", "no such image")});
  CHECK(error.code() == ExitCode::image);
  CHECK(error.failure() == "refused: no such image while saving an image");
}

TEST_CASE("an error behind half of an archive is found, however it is split") {
  for (size_t at = 0; at <= kError.size(); at += 7) {
    CAPTURE(at);
    std::vector<std::string> chunks{std::string(5000, 'x')};
    for (const std::string& part : {kError.substr(0, at), kError.substr(at)}) {
      if (!part.empty()) chunks.push_back(part);
    }
    const Error error = refusal({chunked_answer(chunks)});
    CHECK(error.code() == ExitCode::disk);
    CHECK(error.failure().find("no space left on device") != std::string::npos);
  }
}

TEST_CASE("an archive that has such a text inside is no error") {
  const std::string tar = kError + std::string(1024, '\0');
  CHECK(saved({chunked_answer({tar})}) == tar);
}

TEST_CASE("an archive that breaks off is an error") {
  std::string half = chunked_answer({std::string(1000, 'x')});
  half.resize(half.size() - 100);
  CHECK(refusal({half, true}).code() == ExitCode::engine);
}
