// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/containers_store.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "base/hash.h"
#include "outcome.h"
#include "store_fixture.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

/// A store with one image of two layers.
class Root {
 public:
  explicit Root(std::string driver = "overlay") : driver_(std::move(driver)) {
    image_.identity.diff_ids = {Digest::of(base.tar), Digest::of(top.tar)};
    config = bytes_of(R"({"os":"linux","rootfs":{"type":"layers","diff_ids":[")" + diff_id(0) + R"(",")" + diff_id(1) +
                      R"("]}})");
    const Digest id = Digest::of(config);
    image_.id = id.text();
    scratch_.write(config_path(), config);
    add_files("0a", {{"a", Bytes(700, 'a')}}, base);
    add_files("0b", {{"b/c", Bytes(3, 'c')}}, top);
    list({{"0a", diff_id(0)}, {"0b", diff_id(1)}});
  }

  [[nodiscard]] const std::string& path() const { return scratch_.path(); }
  [[nodiscard]] const ImageInfo& image() const { return image_; }
  [[nodiscard]] std::string diff_id(size_t number) const { return image_.identity.diff_ids[number].text(); }
  [[nodiscard]] std::string config_path() const {
    return driver_ + "-images/" + image_.id.substr(7) + "/=" + to_base64(as_bytes(image_.id));
  }
  void write(const std::string& name, ByteView bytes) const { scratch_.write(name, bytes); }

  /// Makes them the layers that Podman knows.
  void list(const std::vector<std::pair<std::string, std::string>>& layers,
            const std::string& name = "layers.json") const {
    std::string text = R"({"id":"0c","created":"2024-01-02T03:04:05Z","flags":{"id":"0a"}})";
    for (const auto& [id, digest] : layers) {
      text += R"(,{"id":")" + id + R"(","parent":"0a","diff-size":3,"diff-digest":")" + digest + R"("})";
    }
    scratch_.write(driver_ + "-layers/" + name, as_bytes("[" + text + "]"));
  }
  void add_files(const std::string& id, const std::vector<SplitFile>& files, const SplitLayer& layer) const {
    scratch_.write(driver_ + "-layers/" + id + ".tar-split.gz", gzipped(as_bytes(layer.split)));
    for (const SplitFile& file : files) {
      scratch_.write((driver_ == "vfs" ? "vfs/dir/" + id + "/" : "overlay/" + id + "/diff/") + file.path, file.content);
    }
  }

  SplitLayer base{{{"a", Bytes(700, 'a')}}}, top{{{"b/c", Bytes(3, 'c')}}};
  Bytes config;

 private:
  ScratchFolder scratch_;
  std::string driver_;
  ImageInfo image_;
};

}  // namespace

TEST_CASE("a Podman store's image is read in place") {
  for (const std::string driver : {"overlay", "vfs"}) {
    CAPTURE(driver);
    const Root root(driver);
    REQUIRE(ContainersStore::knows(driver));
    ContainersStore store(root.path(), driver);
    const auto image = store.image(root.image());
    REQUIRE(image);
    CHECK(image->config == root.config);
    CHECK(image->diff_ids == root.image().identity.diff_ids);
    CHECK(image->blobs.empty());
    const auto base = store.layer(root.image(), 0), top = store.layer(root.image(), 1);
    REQUIRE(base);
    REQUIRE(top);
    CHECK(contents_of(*base) == root.base.tar);
    CHECK(contents_of(*top) == root.top.tar);
    CHECK(store.layer(root.image(), 2) == nullptr);
  }
  CHECK_FALSE(ContainersStore::knows("btrfs"));
}

TEST_CASE("a layer that comes to a Podman store is found, one that goes is not") {
  const Root root;
  ContainersStore store(root.path(), "overlay");
  root.list({{"0b", root.diff_id(1)}});
  CHECK(store.layer(root.image(), 0) == nullptr);
  CHECK(store.layer(root.image(), 1) != nullptr);
  root.list({{"0a", root.diff_id(0)}}, "volatile-layers.json");
  CHECK(store.layer(root.image(), 0) != nullptr);
  std::filesystem::remove(root.path() + "/overlay-layers/volatile-layers.json");
  CHECK(store.layer(root.image(), 0) == nullptr);
  root.list({});
  CHECK(store.layer(root.image(), 1) == nullptr);
}

TEST_CASE("of several layers of one diff_id that one is read which has its tar-split") {
  const Root root;
  ContainersStore store(root.path(), "overlay");
  root.list({{"0d", root.diff_id(1)}, {"0b", root.diff_id(1)}, {"0e", root.diff_id(1)}});
  const auto layer = store.layer(root.image(), 1);
  REQUIRE(layer);
  CHECK(contents_of(*layer) == root.top.tar);
}

TEST_CASE("what a Podman store has not, or has in another way, is nothing") {
  const Root root;
  ContainersStore store(root.path(), "overlay");
  root.write("overlay-layers/0b.tar-split.gz", as_bytes("not packed"));
  const auto damaged = store.layer(root.image(), 1);
  REQUIRE(damaged);
  CHECK(outcome([&] { (void)damaged->size(); }) == ExitCode::verification);
  root.list({{"../0a", root.diff_id(0)}});
  CHECK(store.layer(root.image(), 0) == nullptr);
  for (const char* text :
       {"", "{", "{}", "[7]", R"([{"id":7,"diff-digest":7}])", R"([{"id":"0a","diff-digest":"x"}])"}) {
    root.write("overlay-layers/layers.json", as_bytes(text));
    CHECK(store.layer(root.image(), 0) == nullptr);
  }
  ImageInfo other = root.image();
  other.id = "sha256:0";
  CHECK_FALSE(store.image(other));
  other.id = Digest::of(bytes_of("another")).text();
  CHECK_FALSE(store.image(other));
  root.write(root.config_path(), as_bytes("{}"));
  CHECK_FALSE(store.image(root.image()));
}
