// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "reach/container_helper.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/compression.h"
#include "base/error.h"
#include "fake_daemon.h"

using namespace docker_sync;
using nlohmann::json;

namespace {

const std::string kId = "sha256:" + std::string(64, 'a');
const std::string kUpgraded = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
const std::string kImage =
    R"({"Id":")" + kId +
    R"(","RepoTags":[],"RepoDigests":[],"Created":"2024-01-01T00:00:00Z",)"
    R"("Size":1,"Os":"linux","Architecture":"amd64","Config":{},"RootFS":{"Type":"layers","Layers":[")" +
    kId + R"("]}})";
const std::string kImport = "POST /v1.41/images/create?fromSrc=-&changes=LABEL%20docker-sync.helper%3Dtrue";
const std::string kAttach = "POST /v1.41/containers/c0/attach?stream=1&stdin=1&stdout=1&stderr=1";

std::string output(uint8_t stream, const std::string& text) {
  return std::string{static_cast<char>(stream), 0, 0, 0, 0, 0, 0, static_cast<char>(text.size())} + text;
}

/// A daemon that does all that is asked of it, until a test says otherwise.
struct Daemon : FakeDaemon {
  std::string bytes = "a program";
  std::string machine = "x86_64";

  Daemon() {
    on("GET /version", "200 OK", R"({"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12","Arch":"amd64"})");
    on(kImport, "200 OK", R"({"status":")" + kId + "\"}\n");
    on("GET /v1.41/images/" + kId + "/json", "200 OK", kImage);
    on("GET /v1.41/containers/c0/json", "404 Not Found", "{}");
    on("DELETE /v1.41/images/" + kId + "?force=false&noprune=true", "200 OK", "[]");
  }
  void lists(const std::string& containers, const std::string& images) {
    on("GET "
       "/v1.41/containers/json?all=1&filters=%7B%22label%22%3A%5B%22docker-sync.helper%22%5D%2C%22status%22%3A%5B%22"
       "created%22%2C%22exited%22%2C%22dead%22%5D%7D",
       "200 OK", containers);
    on("GET /v1.41/images/json?all=1&filters=%7B%22label%22%3A%5B%22docker-sync.helper%22%5D%7D", "200 OK", images);
  }
  void runs(const std::string& words) {
    lists("[]", "[]");
    on("POST /v1.41/containers/create", "201 Created", R"({"Id":"c0"})");
    on("POST /v1.41/containers/c0/start", "204 No Content", "");
    on(kAttach, Answer{kUpgraded + words, true});
  }

  std::unique_ptr<HelperContainer> start(const std::string& tmpfolder = {}) {
    const Bytes packed = zstd_compress(as_bytes(bytes), 3);
    const HelperImage helper{machine, packed, bytes.size(), "abcd"};
    return start_container_helper(connect(), "tcp://daemon", std::span(&helper, 1), tmpfolder);
  }
  ExitCode refusal(std::string* words = nullptr) {
    try {
      (void)start();
    } catch (const Error& error) {
      if (words != nullptr) *words = error.what();
      return error.code();
    }
    return ExitCode::ok;
  }
  [[nodiscard]] bool was_asked(const std::string& line) {
    const auto asked = lines();
    return std::find(asked.begin(), asked.end(), line) != asked.end();
  }
  [[nodiscard]] bool removed_its_image() {
    return was_asked("DELETE /v1.41/images/" + kId + "?force=false&noprune=true");
  }
  /// What the container was made of.
  [[nodiscard]] json container() {
    for (const Request& request : requests()) {
      if (request.head.starts_with("POST /v1.41/containers/create ")) return json::parse(request.body);
    }
    return {};
  }
};

}  // namespace

TEST_CASE("a container of the helper alone gets the daemon's socket, speaks, and is gone afterwards with its image") {
  Daemon daemon;
  daemon.runs(output(1, "magic"));
  {
    const auto container = daemon.start();
    CHECK(container->uploaded_bytes() == daemon.bytes.size());
    const auto channel = container->take_channel();
    Bytes block(10);
    const size_t count = channel->read(block, std::chrono::seconds(10));
    CHECK(as_text(ByteView(block).first(count)) == "magic");
    CHECK(channel->traffic().sent > daemon.bytes.size());
  }
  const json made = daemon.container();
  CHECK(made["Image"] == kId);
  CHECK(made["Cmd"] == json{"--own-image", kId});
  CHECK(made["HostConfig"]["AutoRemove"] == true);
  CHECK(made["HostConfig"]["NetworkMode"] == "none");
  CHECK(made["HostConfig"]["LogConfig"]["Type"] == "none");
  REQUIRE(made["HostConfig"]["Mounts"].size() == 2);
  CHECK(made["HostConfig"]["Mounts"][0]["Source"] == "/var/run/docker.sock");
  CHECK(made["HostConfig"]["Mounts"][1]["Type"] == "volume");
  CHECK(daemon.removed_its_image());
}

TEST_CASE("a folder for scratch is one of the host's") {
  Daemon daemon;
  daemon.runs(output(1, "magic"));
  (void)daemon.start("/scratch");
  const json mount = daemon.container()["HostConfig"]["Mounts"][1];
  CHECK(mount == json{{"Type", "bind"}, {"Source", "/scratch"}, {"Target", "/scratch"}});
}

TEST_CASE("a daemon that makes no container, starts none or attaches to none leaves no image") {
  for (const std::string& step : std::vector<std::string>{"create", "attach", "start"}) {
    CAPTURE(step);
    Daemon daemon;
    daemon.lists("[]", "[]");
    if (step != "create") daemon.on("POST /v1.41/containers/create", "201 Created", R"({"Id":"c0"})");
    if (step == "start") daemon.on(kAttach, FakeDaemon::Answer{kUpgraded});
    std::string words;
    CHECK(daemon.refusal(&words) == ExitCode::engine);
    CHECK(words.find("nobody expected") != std::string::npos);
    CHECK(daemon.removed_its_image());
  }
}

TEST_CASE("a helper that says nothing but errors is quoted") {
  Daemon daemon;
  daemon.runs(output(2, "the socket in the container leads to another engine"));
  std::string words;
  CHECK(daemon.refusal(&words) == ExitCode::helper);
  CHECK(words.find("leads to another engine") != std::string::npos);
  CHECK(daemon.removed_its_image());
}

TEST_CASE("for a machine without helper nothing is loaded") {
  Daemon daemon;
  daemon.machine = "aarch64";
  daemon.runs(output(1, "magic"));
  CHECK(daemon.refusal() == ExitCode::helper);
  CHECK_FALSE(daemon.was_asked(kImport));
}

TEST_CASE("what a killed run has left is removed after an hour, not before") {
  const std::string now = std::to_string(std::time(nullptr));
  const std::string fresh = "sha256:" + std::string(64, 'b'), old = "sha256:" + std::string(64, 'c');
  Daemon daemon;
  daemon.lists(R"([{"Id":"old","Created":1700000000},{"Id":"fresh","Created":)" + now + R"(},{"Id":7},5])",
               R"([{"Id":")" + old + R"(","Created":1700000000},{"Id":")" + fresh + R"(","Created":)" + now + "}]");
  std::string other = kImage;
  for (size_t at; (at = other.find(kId)) != other.npos;) other.replace(at, kId.size(), old);
  daemon.on("GET /v1.41/images/" + old + "/json", "200 OK", other);
  daemon.on("DELETE /v1.41/images/" + old + "?force=false&noprune=true", "200 OK", "[]");
  (void)daemon.refusal();
  CHECK(daemon.was_asked("DELETE /v1.41/containers/old?v=true"));
  CHECK_FALSE(daemon.was_asked("DELETE /v1.41/containers/fresh?v=true"));
  CHECK(daemon.was_asked("DELETE /v1.41/images/" + old + "?force=false&noprune=true"));
  CHECK_FALSE(daemon.was_asked("GET /v1.41/images/" + fresh + "/json"));
}
