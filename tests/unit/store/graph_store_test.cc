// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/graph_store.h"

#include <doctest/doctest.h>

#include "outcome.h"
#include "store_fixture.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

/// A data root with one image of two layers.
struct DataRoot {
  ScratchFolder scratch;
  SplitLayer base{{{"a", Bytes(700, 'a')}}}, top{{{"b/c", Bytes(3, 'c')}}};
  Bytes config;
  ImageInfo image;

  explicit DataRoot(const std::string& before = "overlay2/", const std::string& after = "/diff",
                    const std::string& driver = "overlay2") {
    image.identity.diff_ids = {Digest::of(base.tar), Digest::of(top.tar)};
    config = bytes_of(R"({"os":"linux","rootfs":{"type":"layers","diff_ids":[")" + image.identity.diff_ids[0].text() +
                      R"(",")" + image.identity.diff_ids[1].text() + R"("]}})");
    image.identity.config = Digest::of(config);
    scratch.write("image/" + driver + "/imagedb/content/sha256/" + image.identity.config->hex(), config);
    const auto chains = chain_ids(image.identity.diff_ids);
    add(driver, chains[0], image.identity.diff_ids[0], "0a", base);
    add(driver, chains[1], image.identity.diff_ids[1], "0b", top);
    scratch.write(before + "0a" + after + "/a", Bytes(700, 'a'));
    scratch.write(before + "0b" + after + "/b/c", Bytes(3, 'c'));
  }
  void add(const std::string& driver, const Digest& chain, const Digest& diff_id, const std::string& folder,
           const SplitLayer& layer) const {
    const std::string about = "image/" + driver + "/layerdb/sha256/" + chain.hex();
    scratch.write(about + "/cache-id", as_bytes(folder));
    scratch.write(about + "/diff", as_bytes(diff_id.text()));
    scratch.write(about + "/tar-split.json.gz", gzipped(as_bytes(layer.split)));
  }
};

}  // namespace

TEST_CASE("a classic store's image is read in place") {
  const auto check = [](const DataRoot& root, const std::string& driver) {
    REQUIRE(GraphStore::knows(driver));
    GraphStore store(root.scratch.path(), driver);
    const auto image = store.image(root.image);
    REQUIRE(image);
    CHECK(image->config == root.config);
    CHECK(image->diff_ids == root.image.identity.diff_ids);
    CHECK(image->blobs.empty());
    const auto base = store.layer(root.image, 0), top = store.layer(root.image, 1);
    REQUIRE(base);
    REQUIRE(top);
    CHECK(contents_of(*base) == root.base.tar);
    CHECK(contents_of(*top) == root.top.tar);
  };
  check(DataRoot(), "overlay2");
  check(DataRoot("fuse-overlayfs/", "/diff", "fuse-overlayfs"), "fuse-overlayfs");
  check(DataRoot("vfs/dir/", "", "vfs"), "vfs");
  CHECK_FALSE(GraphStore::knows("btrfs"));
}

TEST_CASE("what a classic store has not, or has in another way, is nothing") {
  const DataRoot root;
  GraphStore store(root.scratch.path(), "overlay2");
  ImageInfo other = root.image;
  std::swap(other.identity.diff_ids[0], other.identity.diff_ids[1]);
  CHECK(store.layer(other, 0) == nullptr);
  CHECK(store.layer(other, 1) == nullptr);
  other.identity.config = Digest::of(bytes_of("another"));
  CHECK_FALSE(store.image(other));
  other.identity.config.reset();
  CHECK_FALSE(store.image(other));

  const std::string about = "image/overlay2/layerdb/sha256/" + chain_ids(root.image.identity.diff_ids).back().hex();
  root.scratch.write(about + "/cache-id", as_bytes("../../etc"));
  CHECK(store.layer(root.image, 1) == nullptr);
  root.scratch.write(about + "/cache-id", as_bytes("0b"));
  root.scratch.write(about + "/tar-split.json.gz", as_bytes("not packed"));
  const auto damaged = store.layer(root.image, 1);
  REQUIRE(damaged);
  for (int i = 0; i < 2; ++i) CHECK(outcome([&] { (void)damaged->size(); }) == ExitCode::verification);
  CHECK_FALSE(store.tar_size(root.image, 1));
  root.scratch.write(about + "/diff", as_bytes(root.image.identity.diff_ids[0].text()));
  CHECK(store.layer(root.image, 1) == nullptr);
  root.scratch.write("image/overlay2/imagedb/content/sha256/" + root.image.identity.config->hex(), as_bytes("{}"));
  CHECK_FALSE(store.image(root.image));
}
