// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/store_container.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "engine/meeting_socket.h"
#include "fake_daemon.h"

using namespace docker_sync;
using nlohmann::json;

namespace {

const std::string kId = "sha256:" + std::string(64, 'a');
const DockerVersion kVersion{"20.10.24", "1.41", "amd64"};
const std::string kFilter = "label%22%3A%5B%22docker-sync.helper%22%5D";

std::string output(std::string_view text) {
  return std::string{1, 0, 0, 0, 0, 0, 0, static_cast<char>(text.size())} + std::string(text);
}

/// A daemon that runs what it is asked to, which greets as it should and is gone then.
struct Daemon : FakeDaemon {
  explicit Daemon(bool has_folders = true) {
    on("GET /v1.41/containers/json?all=1&filters=%7B%22" + kFilter +
           "%2C%22status%22%3A%5B%22created%22%2C%22exited%22%2C%22dead%22%5D%7D",
       "200 OK", "[]");
    on("GET /v1.41/images/json?all=1&filters=%7B%22" + kFilter + "%7D", "200 OK", "[]");
    on("POST /v1.41/images/create?fromSrc=-&changes=LABEL%20docker-sync.helper%3Dtrue", "200 OK",
       R"({"status":")" + kId + "\"}\n");
    on("GET /v1.41/images/" + kId + "/json", "200 OK",
       R"({"Id":")" + kId + R"(","RepoTags":[],"RepoDigests":[],"Os":"linux","RootFS":{"Layers":[]}})");
    on("DELETE /v1.41/images/" + kId + "?force=false&noprune=true", "200 OK", "[]");
    if (has_folders) {
      on("POST /v1.41/containers/create", "201 Created", R"({"Id":"c0"})");
    } else {
      on("POST /v1.41/containers/create", "400 Bad Request", R"({"message":"bind source path does not exist"})");
    }
    on("POST /v1.41/containers/c0/attach?stream=1&stdin=1&stdout=1&stderr=1",
       Answer{"HTTP/1.1 101 UPGRADED\r\n\r\n" + output(StoreContainer::kGreeting), true});
    on("POST /v1.41/containers/c0/start", "204 No Content", "");
    on("GET /v1.41/containers/c0/json", "404 Not Found", "{}");
  }
  std::vector<json> created() {
    std::vector<json> bodies;
    for (const Request& request : requests()) {
      if (request.head.starts_with("POST /v1.41/containers/create ")) bodies.push_back(json::parse(request.body));
    }
    return bodies;
  }
};

Bytes a_program(const std::string& architecture) {
  CHECK(architecture == "amd64");
  return Bytes(100, 'p');
}

}  // namespace

TEST_CASE("the container gets the folders of the store to read and nothing more") {
  Daemon daemon;
  {
    StoreContainer store(daemon.connect(), kVersion, {StoreKind::classic, "overlay2", "/data"}, a_program);
    CHECK(store.description() == "overlay2 in /data, by a container of the helper");
  }
  const auto created = daemon.created();
  REQUIRE(created.size() == 1);
  const json& host = created[0]["HostConfig"];
  CHECK(created[0]["Cmd"] == json{"--serve-files", "/meeting/socket"});
  CHECK(created[0]["Image"] == kId);
  CHECK(host["NetworkMode"] == "none");
  CHECK(host["ReadonlyRootfs"] == true);
  CHECK(host["AutoRemove"] == true);
  CHECK(host["CapDrop"] == json{"ALL"});
  CHECK(host["CapAdd"] == json{"DAC_READ_SEARCH"});
  REQUIRE(host["Mounts"].size() == 3);
  CHECK(host["Mounts"][0]["Source"] == "/data/image/overlay2");
  CHECK(host["Mounts"][0]["Target"] == "/store/image/overlay2");
  CHECK(host["Mounts"][1]["Source"] == "/data/overlay2");
  for (const json& mount : host["Mounts"]) {
    CHECK(mount["ReadOnly"] == true);
    CHECK(mount["BindOptions"]["NonRecursive"] == true);
  }
  const auto asked = daemon.lines();
  CHECK(std::ranges::count(asked, "DELETE /v1.41/images/" + kId + "?force=false&noprune=true") == 1);
}

TEST_CASE("a daemon that lacks a folder is asked with the next one, at last without our socket") {
  Daemon daemon(false);
  try {
    StoreContainer(daemon.connect(), kVersion, {StoreKind::containerd, "overlayfs", "/data"}, a_program);
    FAIL("started");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::engine);
  }
  const auto created = daemon.created();
  REQUIRE(created.size() == 4);
  const std::string content = "/io.containerd.content.v1.content";
  for (size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    const json& mounts = created[i]["HostConfig"]["Mounts"];
    CHECK(created[i]["Cmd"].size() == (i % 2 == 0 ? 2 : 1));
    CHECK(mounts[0]["Source"] == (i < 2 ? "/data/containerd/daemon" : "/var/lib/containerd") + content);
    CHECK(mounts.size() == (i % 2 == 0 ? 2 : 1));
  }
  const auto asked = daemon.lines();
  CHECK(std::ranges::count(asked, "DELETE /v1.41/images/" + kId + "?force=false&noprune=true") == 1);
}

TEST_CASE("stores of other kinds are not for us") {
  CHECK(StoreContainer::knows({StoreKind::classic, "overlay2", "/data"}));
  CHECK(StoreContainer::knows({StoreKind::containerd, "overlayfs", "/data"}));
  CHECK_FALSE(StoreContainer::knows({StoreKind::classic, "btrfs", "/data"}));
  CHECK_FALSE(StoreContainer::knows({StoreKind::classic, "overlay2", ""}));
}

TEST_CASE("two meet at a socket, which is gone when its maker is") {
  std::string folder;
  Fd ours, theirs;
  {
    const MeetingSocket meeting;
    folder = meeting.folder();
    struct stat info {};
    REQUIRE(::stat(folder.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0700);
    CHECK_FALSE(meeting.accept());
    theirs = MeetingSocket::connect(folder + "/" + MeetingSocket::kName);
    REQUIRE(theirs);
    ours = meeting.accept();
  }
  REQUIRE(ours);
  write_all(theirs, as_bytes("here"));
  Bytes words(4);
  CHECK(read_some(ours, words) == 4);
  struct stat info {};
  CHECK(::stat(folder.c_str(), &info) != 0);
  CHECK_FALSE(MeetingSocket::connect(folder + "/" + MeetingSocket::kName));
  CHECK_FALSE(MeetingSocket::connect(""));
}
