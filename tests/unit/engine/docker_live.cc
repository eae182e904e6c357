// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// DockerEngine against a real daemon, whose socket DOCKER_SYNC_TEST_DOCKER_SOCKET names; without it everything is
// skipped (77). It makes its own images, under names that nobody else has, and removes them. A classic store is
// expected. The daemon should have nothing else to do: some tests look whether it has gone back to rest.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hash.h"
#include "engine/docker.h"
#include "image/tar_header.h"

using namespace docker_sync;

namespace {

std::string socket_path() {
  const char* path = std::getenv("DOCKER_SYNC_TEST_DOCKER_SOCKET");
  return path != nullptr ? path : "";
}

HttpClient::Connect connect() {
  return [] { return connect_unix(socket_path()); };
}

/// A tar with one file, as an image's only layer.
Bytes layer_tar(const std::string& content) {
  TarHeader header;
  header.name = "file";
  header.mode = 0644;
  header.size = content.size();
  Bytes tar(kTarBlock);
  render_header(header, tar);
  tar.insert(tar.end(), content.begin(), content.end());
  tar.resize(tar.size() + tar_padding(content.size()) + 2 * kTarBlock);
  return tar;
}

/// Passes on `limit` bytes of `below`, then throws.
class BreakingSource : public Source {
 public:
  BreakingSource(Source& below, uint64_t limit) : below_(&below), left_(limit) {}
  size_t read(MutableBytes out) override {
    if (left_ == 0) throw Error(ExitCode::verification, "the test breaks off");
    const size_t count = below_->read(out.first(static_cast<size_t>(std::min<uint64_t>(left_, out.size()))));
    left_ -= count;
    return count;
  }

 private:
  Source* below_;
  uint64_t left_;
};

/// A repository of our own, emptied at the end.
class Live {
 public:
  Live() : http_(connect()), engine(connect()), repository_(fmt::format("docker-sync-live-{}", ::getpid())) {}
  ~Live() {
    for (const std::string& id : made_) (void)http_.exchange("DELETE", "/images/" + id + "?force=true");
  }

  [[nodiscard]] Reference name(const std::string& tag) const { return Reference::parse(repository_ + ":" + tag); }

  /// An image with one layer that holds `content`, without a name; nothing else is like it.
  std::string import(const std::string& content) {
    const Bytes layer = layer_tar(content);
    MemorySource tar(layer);
    MemorySink answer;
    const HttpReply reply = http_.upload("/images/create?fromSrc=-", "application/x-tar", tar, answer);
    REQUIRE(reply.ok());
    const auto said = nlohmann::json::parse(as_text(answer.bytes()));
    made_.push_back(said.at("status"));
    return made_.back();
  }

  [[nodiscard]] Bytes saved(const std::string& id) {
    const auto archive = engine.save({id});
    MemorySink sink;
    copy(*archive, sink);
    return std::move(sink.bytes());
  }

  [[nodiscard]] std::vector<std::string> ids() {
    std::vector<std::string> ids;
    for (const ImageInfo& image : engine.list()) ids.push_back(image.id);
    std::sort(ids.begin(), ids.end());
    return ids;
  }

  /// Names in the daemon's folder for unfinished work; empty as well where we may not look.
  [[nodiscard]] std::vector<std::string> unfinished() {
    const auto info = nlohmann::json::parse(http_.exchange("GET", "/info").body);
    const std::filesystem::path folder = info.at("DockerRootDir").get<std::string>() + "/tmp";
    std::vector<std::string> names;
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) names.push_back(entry.path());
    return names;
  }

 private:
  HttpClient http_;

 public:
  DockerEngine engine;

 private:
  std::string repository_;
  std::vector<std::string> made_;
};

ExitCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    MESSAGE(std::string(error.what()));
    return error.code();
  }
  return ExitCode::ok;
}

}  // namespace

TEST_CASE("an image that is saved, removed and loaded is the same to the byte") {
  Live live;
  const std::string id = live.import("round trip " + std::string(3 << 20, 'r'));
  const auto before = live.engine.inspect(id);
  REQUIRE(before.has_value());
  CHECK(before->identity.config == Digest::parse(id));
  const Bytes archive = live.saved(id);

  live.engine.remove_untagged(id);
  REQUIRE_FALSE(live.engine.inspect(id).has_value());

  MemorySource source(archive);
  CHECK(live.engine.load(source) == std::vector<std::string>{id});
  const auto after = live.engine.inspect(id);
  REQUIRE(after.has_value());
  CHECK(after->identity.same_as(before->identity));
  CHECK(after->identity.diff_ids == before->identity.diff_ids);
  CHECK(after->identity.fingerprint == before->identity.fingerprint);
  CHECK(after->created == before->created);
  CHECK(after->size == before->size);
  CHECK(live.unfinished().empty());
}

TEST_CASE("loading an image that exists as <none> reports its ID, and leaves it as it was") {
  Live live;
  const std::string id = live.import("exists");
  const Bytes archive = live.saved(id);
  const auto before = live.ids();
  MemorySource source(archive);
  CHECK(live.engine.load(source) == std::vector<std::string>{id});
  CHECK(live.ids() == before);
  CHECK(live.engine.inspect(id)->names.empty());
}

TEST_CASE("an archive with a name reports the ID behind it") {
  Live live;
  const std::string id = live.import("named");
  live.engine.tag(id, live.name("1"));
  const auto archive = live.engine.save({live.name("1").familiar()});
  CHECK(live.engine.load(*archive) == std::vector<std::string>{id});
}

TEST_CASE("a load that is broken off anywhere leaves nothing, and its reason comes out") {
  Live live;
  const std::string id = live.import("aborted " + std::string(1 << 20, 'a'));
  const Bytes archive = live.saved(id);
  live.engine.remove_untagged(id);
  const auto before = live.ids();
  // Within the layer, and at the ends of blocks: 20.10 reads tar in a child process, which may take a cut for an end.
  for (const size_t length : {size_t{0}, size_t{1}, size_t{512}, archive.size() / 2, archive.size() - 20000}) {
    CAPTURE(length);
    MemorySource whole(archive);
    BreakingSource broken(whole, length);
    CHECK(code_of([&] { (void)live.engine.load(broken); }) == ExitCode::verification);
    CHECK(live.ids() == before);
    CHECK(live.unfinished().empty());
  }
}

TEST_CASE("what is no archive is an engine error") {
  Live live;
  // 20.10 reads even this to its end before it complains.
  const Bytes noise(32 << 20, 'x');
  MemorySource archive(noise);
  CHECK(code_of([&] { (void)live.engine.load(archive); }) == ExitCode::engine);
  CHECK(live.unfinished().empty());
}

TEST_CASE("an archive that was cut is an engine error") {
  Live live;
  const Bytes archive = live.saved(live.import("cut"));
  MemorySource half(ByteView(archive).first(1000));
  CHECK(code_of([&] { (void)live.engine.load(half); }) == ExitCode::engine);
  CHECK(live.unfinished().empty());
}

TEST_CASE("a tag moves, the old image stays without name, and only it is removed") {
  Live live;
  const std::string first = live.import("first"), second = live.import("second");
  live.engine.tag(first, live.name("t"));
  CHECK(live.engine.inspect(first)->names == std::vector{live.name("t")});
  live.engine.tag(second, live.name("t"));
  CHECK(live.engine.inspect(live.name("t").full())->id == second);
  REQUIRE(live.engine.inspect(first).has_value());
  CHECK(live.engine.inspect(first)->names.empty());
  const auto ids = live.ids();
  CHECK(std::find(ids.begin(), ids.end(), first) != ids.end());

  live.engine.remove_untagged(second);
  CHECK(live.engine.inspect(second).has_value());
  live.engine.remove_untagged(first);
  CHECK_FALSE(live.engine.inspect(first).has_value());
  live.engine.remove_untagged(first);
}

TEST_CASE("two images are saved at the same time, and together") {
  Live live;
  const std::string one = live.import("one"), two = live.import("two");
  const auto first = live.engine.save({one});
  const auto second = live.engine.save({two});
  Sha256 hash;
  CHECK(copy(*second, hash) > 0);
  CHECK(copy(*first, hash) > 0);
  const auto both = live.engine.save({one, two});
  CHECK(copy(*both, hash) > 2048);
}

TEST_CASE("a save that nobody reads to its end is dropped by the daemon") {
  Live live;
  const std::string id = live.import(std::string(8 << 20, 'd'));
  {
    const auto archive = live.engine.save({id});
    Bytes block(1000);
    CHECK(archive->read(block) > 0);
  }
  CHECK(live.engine.inspect(id).has_value());
}

TEST_CASE("an image that does not exist is an image error to save and to tag") {
  Live live;
  const std::string absent = "sha256:" + std::string(64, '0');
  CHECK_FALSE(live.engine.inspect(absent).has_value());
  CHECK_FALSE(live.engine.inspect("docker-sync-no-such-image:1").has_value());
  CHECK_FALSE(live.engine.inspect("No Name At All").has_value());
  CHECK(code_of([&] {
          Bytes block(10);
          (void)live.engine.save({absent})->read(block);
        }) == ExitCode::image);
  CHECK(code_of([&] { live.engine.tag(absent, live.name("x")); }) == ExitCode::image);
}

TEST_CASE("200 images are listed well within a second") {
  Live live;
  for (int i = 0; i < 200; ++i) (void)live.import(fmt::format("image {}", i));
  const auto start = std::chrono::steady_clock::now();
  const size_t count = live.engine.list().size();
  const auto took = std::chrono::steady_clock::now() - start;
  CHECK(count >= 200);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  MESSAGE(count << " images in " << milliseconds << " ms");
  CHECK(milliseconds < 1000);
}

int main(int count, char** arguments) {
  constexpr int kSkipped = 77;
  if (socket_path().empty()) return kSkipped;
  return doctest::Context(count, arguments).run();
}
