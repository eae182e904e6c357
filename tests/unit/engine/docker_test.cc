// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/docker.h"

#include <doctest/doctest.h>

#include "engine/store_container.h"
#include "fake_daemon.h"

using namespace docker_sync;

namespace {

using Lines = std::vector<std::string>;

const std::string kInfo =
    R"({"ServerVersion":"20.10.24","Driver":"overlay2","DriverStatus":[["Backing Filesystem","extfs"]]})";
const std::string kContainerdInfo =
    R"({"ServerVersion":"28.5.2","Driver":"overlayfs",)"
    R"("DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]]})";
const std::string kMissing = R"({"message":"no such image: x"})";
const std::string kA = "sha256:" + std::string(64, 'a');
const std::string kB = "sha256:" + std::string(64, 'b');
const std::string kHello = "GET /v1.41/info";

std::string inspect_line(const std::string& name) { return "GET /v1.41/images/" + name + "/json"; }
std::string delete_line(const std::string& id) { return "DELETE /v1.41/images/" + id + "?force=false&noprune=true"; }
std::string image_json(const std::string& id, const std::string& tags = "[]", const std::string& digests = "null") {
  return R"({"Id":")" + id + R"(","RepoTags":)" + tags + R"(,"RepoDigests":)" + digests +
         R"(,"Os":"linux","RootFS":{"Layers":[]}})";
}

/// A daemon that introduces itself.
struct Docker : FakeDaemon {
  explicit Docker(const std::string& info = kInfo, const std::string& newest_api = "1.41") {
    on(kHello, "200 OK\r\nApi-Version: " + newest_api, info);
  }
  void has(const std::string& id, const std::string& tags = "[]", const std::string& digests = "null") {
    on(inspect_line(id), "200 OK", image_json(id, tags, digests));
  }
  /// What was asked after the introduction.
  Lines asked() {
    Lines all = lines();
    REQUIRE(!all.empty());
    CHECK(all[0] == kHello);
    return {all.begin() + 1, all.end()};
  }
};

template <typename Call>
Error refusal(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return Error(ExitCode::ok, "no error");
}

std::string load_answer(const std::string& said) { return chunked_answer({"{\"stream\":\"" + said + "\\n\"}\r\n"}); }

class FailingSource : public Source {
 public:
  size_t read(MutableBytes) override { throw Error(ExitCode::verification, "layer 3 is wrong"); }
};

}  // namespace

TEST_CASE("the engine introduces itself") {
  Docker classic;
  const DockerEngine engine(classic.connect());
  CHECK(engine.description() == "Docker 20.10.24 (overlay2)");
  CHECK(engine.partial_load() == PartialLoad::chain_prefix);
  Docker containerd(kContainerdInfo);
  CHECK(DockerEngine(containerd.connect()).partial_load() == PartialLoad::known_blobs);
}

TEST_CASE("a daemon that does not speak the API that is preferred is asked which it speaks") {
  FakeDaemon daemon;
  daemon.on(kHello, "400 Bad Request", R"({"message":"client version 1.41 is too old"})");
  daemon.on("GET /version", "200 OK", R"({"Version":"29.0.0","ApiVersion":"1.52","MinAPIVersion":"1.44"})");
  daemon.on("GET /v1.44/info", "200 OK", kContainerdInfo);
  daemon.on("GET /v1.44/images/json", "200 OK", "[]");
  DockerEngine engine(daemon.connect());
  CHECK(engine.description() == "Docker 29.0.0 (overlayfs)");
  CHECK(engine.version().tells_availability);
  CHECK(engine.list().empty());
}

TEST_CASE("a daemon that refuses the question itself is not asked another") {
  FakeDaemon daemon;
  daemon.on(kHello, "400 Bad Request", R"({"message":"odd"})");
  daemon.on("GET /version", "200 OK", R"({"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12"})");
  CHECK(refusal([&] { DockerEngine{daemon.connect()}; }).failure() == "Docker cannot describe itself: odd");
}

TEST_CASE("Podman's service says that it is no Docker") {
  FakeDaemon daemon;
  daemon.on(kHello, "200 OK\r\nApi-Version: 1.41\r\nServer: Libpod/4.3.1 (linux)", kInfo);
  CHECK(DockerEngine(daemon.connect()).is_podman());
  Docker docker;
  CHECK_FALSE(DockerEngine(docker.connect()).is_podman());
}

TEST_CASE("a daemon that cannot even describe itself is an engine error") {
  FakeDaemon daemon;
  daemon.on(kHello, "503 Down", R"({"message":"starting"})");
  const Error error = refusal([&] { DockerEngine{daemon.connect()}; });
  CHECK(error.code() == ExitCode::engine);
  CHECK(error.failure() == "Docker cannot describe itself: starting");
}

TEST_CASE("listing asks for every image on one connection and leaves out what vanished") {
  Docker docker;
  docker.on("GET /v1.41/images/json", "200 OK", R"([{"Id":")" + kA + R"("},{"Id":")" + kB + R"("}])");
  docker.has(kA, R"(["app:1"])");
  docker.on(inspect_line(kB), "404 Not Found", kMissing);
  {
    DockerEngine engine(docker.connect());
    const auto images = engine.list();
    REQUIRE(images.size() == 1);
    CHECK(images[0].id == kA);
    CHECK(images[0].identity.config == Digest::parse(kA));
    CHECK(images[0].names == std::vector{Reference::parse("app:1")});
  }
  CHECK(docker.asked() == Lines{"GET /v1.41/images/json", inspect_line(kA), inspect_line(kB)});
  CHECK(docker.connections() == 1);
}

TEST_CASE("a containerd store's images have no config digest") {
  Docker docker(kContainerdInfo);
  docker.has(kA);
  DockerEngine engine(docker.connect());
  CHECK_FALSE(engine.inspect(kA)->identity.config.has_value());
}

TEST_CASE("what is loaded is known by its config in a classic store, by its manifest in containerd's") {
  const Digest config = Digest::parse(kA), manifest = Digest::parse(kB);
  Docker classic, containerd(kContainerdInfo);
  CHECK(DockerEngine(classic.connect()).id_of_loaded(config, manifest) == kA);
  CHECK(DockerEngine(containerd.connect()).id_of_loaded(config, manifest) == kB);
}

TEST_CASE("a containerd store is asked whether it has all of an image, a classic one checks that itself") {
  Docker classic;
  CHECK(DockerEngine(classic.connect()).is_whole(kA));
  CHECK(classic.asked().empty());
  Docker containerd(kContainerdInfo);
  containerd.on("GET /v1.41/images/json?all=1", "200 OK", R"([{"Id":")" + kA + R"("}])");
  DockerEngine engine(containerd.connect());
  CHECK(engine.is_whole(kA));
  CHECK_FALSE(engine.is_whole(kB));
  Docker recent(kContainerdInfo, "1.51");
  recent.on("GET /v1.48/images/json?all=1&manifests=1", "200 OK",
            R"([{"Id":")" + kA + R"(","Manifests":[{"Kind":"image","Available":false}]}])");
  CHECK_FALSE(DockerEngine(recent.connect()).is_whole(kA));
}

TEST_CASE("inspecting takes names as they are, and never asks for anything but an image") {
  Docker docker;
  docker.on(inspect_line("host:5000/a/b:1"), "200 OK", image_json(kA));
  docker.on(inspect_line("App"), "400 Bad Request", R"({"message":"invalid reference format"})");
  docker.on(inspect_line("x%3Fy"), "404 Not Found", kMissing);
  {
    DockerEngine engine(docker.connect());
    CHECK(engine.inspect("host:5000/a/b:1")->id == kA);
    CHECK_FALSE(engine.inspect("App").has_value());
    CHECK_FALSE(engine.inspect("x?y").has_value());
    for (const char* name : {"", "/", "..", "../containers/x", "a/../../info", "a//b", "./x", "x/"}) {
      CAPTURE(name);
      CHECK_FALSE(engine.inspect(name).has_value());
    }
  }
  CHECK(docker.asked() == Lines{inspect_line("host:5000/a/b:1"), inspect_line("App"), inspect_line("x%3Fy")});
}

TEST_CASE("saving asks for all images by ID and streams them") {
  Docker docker;
  const std::string line = "GET /v1.41/images/get?names=sha256%3A" + kA.substr(7) + "&names=sha256%3A" + kB.substr(7);
  docker.on(line, {chunked_answer({"tar", "of both"})});
  {
    DockerEngine engine(docker.connect());
    const auto archive = engine.save({kA, kB});
    MemorySink sink;
    copy(*archive, sink);
    CHECK(as_text(sink.bytes()) == "tarof both");
  }
  CHECK(docker.asked() == Lines{line});
}

TEST_CASE("saving an image that is gone is an image error, although the daemon calls it its own") {
  Docker docker;
  docker.on("GET /v1.41/images/get?names=sha256%3A" + kA.substr(7), "500 Internal Server Error",
            R"({"message":"failed to get digest: open /x: no such file or directory"})");
  docker.on(inspect_line(kA), "404 Not Found", kMissing);
  DockerEngine engine(docker.connect());
  const auto archive = engine.save({kA});
  Bytes block(10);
  const Error error = refusal([&] { (void)archive->read(block); });
  CHECK(error.code() == ExitCode::image);
  CHECK(error.failure().find(kA) != std::string::npos);
}

TEST_CASE("a save that fails for another reason says the daemon's words") {
  Docker docker;
  docker.has(kA);
  docker.on("GET /v1.41/images/get?names=sha256%3A" + kA.substr(7), "500 Internal Server Error",
            R"({"message":"write /x: no space left on device"})");
  DockerEngine engine(docker.connect());
  const auto archive = engine.save({kA});
  Bytes block(10);
  const Error error = refusal([&] { (void)archive->read(block); });
  CHECK(error.code() == ExitCode::disk);
  CHECK(error.failure().find("no space left on device") != std::string::npos);
}

TEST_CASE("a load sends the archive and returns the ID that was loaded") {
  Docker docker;
  const std::string line = "POST /v1.41/images/load?quiet=1";
  docker.on(line, {load_answer("Loaded image ID: " + kA)});
  docker.has(kA);
  {
    DockerEngine engine(docker.connect());
    MemorySource archive(as_bytes("a tar"));
    CHECK(engine.load(archive) == Lines{kA});
  }
  CHECK(docker.asked() == Lines{line, inspect_line(kA)});
  CHECK(docker.requests()[1].body == "a tar");
}

TEST_CASE("a load that reports a name returns the ID behind it") {
  Docker docker;
  docker.on("POST /v1.41/images/load?quiet=1", {load_answer("Loaded image: app:1")});
  docker.on(inspect_line("app:1"), "200 OK", image_json(kB));
  DockerEngine engine(docker.connect());
  MemorySource archive(as_bytes("a tar"));
  CHECK(engine.load(archive) == Lines{kB});
}

TEST_CASE("a load that the daemon reports as failed is an engine error, with status 200 or not") {
  Docker docker;
  const std::string line = "POST /v1.41/images/load?quiet=1";
  docker.on(line, {chunked_answer({R"({"errorDetail":{"message":"unexpected EOF"},"error":"unexpected EOF"})"})});
  docker.on(line, "500 Internal Server Error", R"({"message":"unexpected EOF"})");
  DockerEngine engine(docker.connect());
  for (int round = 0; round < 2; ++round) {
    MemorySource archive(as_bytes("a tar"));
    const Error error = refusal([&] { (void)engine.load(archive); });
    CHECK(error.code() == ExitCode::engine);
    CHECK(error.failure() == "Docker cannot load the image: unexpected EOF");
  }
}

TEST_CASE("what the archive throws comes out of the load as it is") {
  Docker docker;
  docker.on("POST /v1.41/images/load?quiet=1", "500 Internal Server Error", R"({"message":"unexpected EOF"})");
  DockerEngine engine(docker.connect());
  FailingSource archive;
  const Error error = refusal([&] { (void)engine.load(archive); });
  CHECK(error.code() == ExitCode::verification);
  CHECK(error.failure() == "layer 3 is wrong");
}

TEST_CASE("tagging names the repository in full and looks whether it happened") {
  Docker docker;
  const std::string line = "POST /v1.41/images/" + kA + "/tag?repo=docker.io%2Flibrary%2Fredis&tag=7";
  docker.on(line, "201 Created", "");
  docker.on(inspect_line("docker.io/library/redis:7"), "200 OK", image_json(kA));
  docker.on(inspect_line("docker.io/library/redis:7"), "200 OK", image_json(kB));
  {
    DockerEngine engine(docker.connect());
    engine.tag(kA, Reference::parse("redis:7"));
    const Error error = refusal([&] { engine.tag(kA, Reference::parse("redis:7")); });
    CHECK(error.code() == ExitCode::engine);
    CHECK(error.failure().find("redis:7") != std::string::npos);
  }
  CHECK(docker.asked()[0] == line);
}

TEST_CASE("tagging an image that is gone is an image error") {
  Docker docker;
  docker.on("POST /v1.41/images/" + kA + "/tag?repo=host%3A5000%2Fapp&tag=1", "404 Not Found", kMissing);
  DockerEngine engine(docker.connect());
  CHECK(refusal([&] { engine.tag(kA, Reference::parse("host:5000/app:1")); }).code() == ExitCode::image);
}

TEST_CASE("an untagged image is removed by ID, without force, and its parents stay") {
  Docker docker;
  docker.has(kA, R"(["<none>:<none>"])");
  docker.on(delete_line(kA), "200 OK", "[]");
  DockerEngine(docker.connect()).remove_untagged(kA);
  CHECK(docker.asked() == Lines{inspect_line(kA), delete_line(kA)});
}

TEST_CASE("an image with a tag, even one that is no name to us, is not removed") {
  Docker docker;
  docker.has(kA, R"(["app:1"])");
  docker.has(kB, R"(["App:1"])");
  {
    DockerEngine engine(docker.connect());
    engine.remove_untagged(kA);
    engine.remove_untagged(kB);
  }
  CHECK(docker.asked() == Lines{inspect_line(kA), inspect_line(kB)});
}

TEST_CASE("an image that somebody pulled by digest is not removed from a classic store") {
  Docker classic;
  classic.has(kA, "[]", R"(["app@sha256:1"])");
  DockerEngine(classic.connect()).remove_untagged(kA);
  CHECK(classic.asked() == Lines{inspect_line(kA)});

  Docker containerd(kContainerdInfo);
  containerd.has(kA, "[]", R"(["app@sha256:1"])");
  containerd.on(delete_line(kA), "200 OK", "[]");
  DockerEngine(containerd.connect()).remove_untagged(kA);
  CHECK(containerd.asked().size() == 2);
}

TEST_CASE("an image that is gone or in use is left alone without a word, all else is told") {
  Docker docker;
  docker.on(inspect_line("gone"), "404 Not Found", kMissing);
  docker.has(kA);
  docker.on(delete_line(kA), "409 Conflict", R"({"message":"image is being used"})");
  docker.on(delete_line(kA), "404 Not Found", kMissing);
  docker.on(delete_line(kA), "500 Internal Server Error", R"({"message":"oops"})");
  DockerEngine engine(docker.connect());
  engine.remove_untagged("gone");
  engine.remove_untagged(kA);
  engine.remove_untagged(kA);
  CHECK(refusal([&] { engine.remove_untagged(kA); }).failure() == "Docker cannot remove " + kA + ": oops");
}

namespace {

ImageInfo image_of_size(uint64_t size) {
  ImageInfo image;
  image.id = kA;
  image.size = size;
  return image;
}

/// An engine whose store takes a container to read, which does not start.
struct Closed {
  Docker daemon;
  DockerEngine engine{daemon.connect()};
  int starts = 0;

  Closed() {
    engine.use_container([this]() -> std::unique_ptr<StoreContainer> {
      ++starts;
      throw Error(ExitCode::engine, "no container today");
    });
  }
  LayerStore* store(std::vector<ImageInfo> to_read, LayerReader reader = LayerReader::automatic) {
    return engine.store(to_read, reader);
  }
};

}  // namespace

TEST_CASE("a container that reads the store is started for large images, and not again when it failed") {
  Closed closed;
  CHECK(closed.store({}) == nullptr);
  CHECK(closed.store({image_of_size(1 << 20)}) == nullptr);
  CHECK(closed.starts == 0);
  CHECK(closed.store({image_of_size(40 << 20), image_of_size(40 << 20)}) == nullptr);
  CHECK(closed.starts == 1);
  CHECK(closed.store({image_of_size(1 << 30)}, LayerReader::store) == nullptr);
  CHECK(closed.starts == 1);
}

TEST_CASE("who insists on the store gets the container for any image, or its fault") {
  Closed closed;
  CHECK(closed.store({}, LayerReader::store) == nullptr);
  const Error error = refusal([&] { (void)closed.store({image_of_size(1)}, LayerReader::store); });
  CHECK(error.code() == ExitCode::engine);
  CHECK(std::string(error.what()).find("no container today") != std::string::npos);
}

TEST_CASE("the size of an image that nobody told is asked for") {
  Closed closed;
  closed.daemon.on(inspect_line(kA), "200 OK",
                   R"({"Id":")" + kA + R"(","RepoTags":[],"Os":"linux","Size":100000000,"RootFS":{"Layers":[]}})");
  CHECK(closed.store({image_of_size(0)}) == nullptr);
  CHECK(closed.starts == 1);
}

TEST_CASE("when all is over no container is started any more") {
  Closed closed;
  closed.engine.end_started(true);
  CHECK(closed.store({image_of_size(1 << 30)}, LayerReader::store) == nullptr);
  CHECK(closed.starts == 0);
}

TEST_CASE("what is ended meanwhile may be started again") {
  Closed closed;
  closed.engine.end_started(false);
  CHECK(closed.store({image_of_size(1 << 30)}) == nullptr);
  CHECK(closed.starts == 1);
}

TEST_CASE("images of the helper alone are not listed") {
  Docker daemon;
  daemon.has(kA, R"(["app:1"])");
  daemon.on("GET /v1.41/images/json", "200 OK", R"([{"Id":")" + kA + R"("},{"Id":")" + kB + R"("}])");
  daemon.on(inspect_line(kB), "200 OK",
            R"({"Id":")" + kB + R"(","RepoTags":[],"Config":{"Labels":{"docker-sync.helper":"abc"}},)" +
                R"("Os":"linux","RootFS":{"Layers":[]}})");
  DockerEngine engine(daemon.connect());
  const auto images = engine.list();
  REQUIRE(images.size() == 1);
  CHECK(images[0].id == kA);
  CHECK(engine.inspect(kB));
}
