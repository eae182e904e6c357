// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/content_store.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "base/compression.h"
#include "image/config.h"
#include "outcome.h"
#include "store_fixture.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

const Bytes kBase = tar_file("base", std::string(3000, 'b')) + tar_end();
const Bytes kApp = tar_file("app", std::string(4000, 'a')) + tar_end();
const Bytes kOther = tar_file("app", std::string(5000, 'o')) + tar_end();

class Blobs {
 public:
  Digest put(const Bytes& blob) {
    const Digest digest = Digest::of(blob);
    scratch_.write(blob_path(digest), blob);
    return digest;
  }
  void damage(const Digest& blob, const Bytes& bytes) { scratch_.write(blob_path(blob), bytes); }
  void remove(const Digest& blob) { std::filesystem::remove(scratch_.path() + "/" + blob_path(blob)); }
  [[nodiscard]] const std::string& path() const { return scratch_.path(); }
  [[nodiscard]] ContentStore open() const { return ContentStore(path()); }

  /// Stores `blobs` as the layers of an image with these tars. Returns its manifest.
  Digest put_image(const std::vector<Bytes>& tars, const std::vector<Bytes>& blobs) {
    std::string diff_ids;
    for (const Bytes& tar : tars) diff_ids += (diff_ids.empty() ? "\"" : ",\"") + Digest::of(tar).text() + "\"";
    const Bytes config = bytes_of(R"({"os":"linux","rootfs":{"diff_ids":[)" + diff_ids + "]}}");
    std::vector<Descriptor> layers;
    for (const Bytes& blob : blobs) layers.push_back({put(blob), blob.size()});
    put(config);
    return put(oci_manifest(config, layers));
  }
  /// Of manifests and their platforms.
  Digest put_index(const std::vector<std::pair<Digest, std::string>>& manifests) {
    std::string list;
    for (const auto& [digest, architecture] : manifests) {
      list += (list.empty() ? "" : ",") + (R"({"digest":")" + digest.text()) + R"(","size":3,"platform":{"os":")" +
              (architecture == "unknown" ? "unknown" : "linux") + R"(","architecture":")" + architecture + R"("}})";
    }
    return put(bytes_of(R"({"manifests":[)" + list + "]}"));
  }

 private:
  ScratchFolder scratch_;
};

ImageInfo image_with_id(const Digest& id, const std::vector<Bytes>& tars = {}) {
  ImageInfo image;
  image.id = id.text();
  for (const Bytes& tar : tars) image.identity.diff_ids.push_back(Digest::of(tar));
  return image;
}

}  // namespace

TEST_CASE("a content store's layers are read as tars, but for those that have no middle") {
  Blobs blobs;
  const ImageInfo image = image_with_id(
      blobs.put_image({kBase, kApp, kOther}, {kBase, gzipped(kApp), zstd_compress(kOther, 3)}), {kBase, kApp, kOther});
  ContentStore store = blobs.open();
  const auto stored = store.image(image);
  REQUIRE(stored);
  CHECK(stored->diff_ids == image.identity.diff_ids);
  REQUIRE(stored->blobs.size() == 3);
  CHECK(stored->blobs[1].digest == Digest::of(gzipped(kApp)));
  CHECK(find_config(stored->config)->diff_ids == image.identity.diff_ids);
  const std::vector<Bytes> tars{kBase, kApp, kOther};
  for (size_t i = 0; i < 2; ++i) {
    const auto layer = store.layer(image, i);
    REQUIRE(layer);
    CHECK(contents_of(*layer) == tars[i]);
  }
  for (size_t i = 2; i < 4; ++i) CHECK(store.layer(image, i) == nullptr);
  CHECK(store.tar_size(image, 0) == kBase.size());
  for (size_t i = 1; i < 4; ++i) CHECK_FALSE(store.tar_size(image, i));
}

TEST_CASE("of an index that image is meant which the engine has described") {
  Blobs blobs;
  const Digest one = blobs.put_image({kBase}, {kBase}), two = blobs.put_image({kApp}, {kApp});
  const Digest attestation = blobs.put_image({kOther}, {kOther});
  const Digest gone = Digest::of(bytes_of("of another platform, and never pulled"));
  const Digest index = blobs.put_index({{attestation, "unknown"}, {gone, "s390x"}, {one, "amd64"}, {two, "arm64"}});
  ContentStore store = blobs.open();
  CHECK(store.image(image_with_id(index, {kBase}))->diff_ids == std::vector{Digest::of(kBase)});
  CHECK(store.image(image_with_id(index, {kApp}))->diff_ids == std::vector{Digest::of(kApp)});
  CHECK_FALSE(store.image(image_with_id(index, {kOther})));
  // Where nothing is known of it: this machine's.
#ifdef __x86_64__
  CHECK(store.image(image_with_id(index))->diff_ids == std::vector{Digest::of(kBase)});
#else
  CHECK(store.image(image_with_id(index))->diff_ids == std::vector{Digest::of(kApp)});
#endif
  // The config's digest says more than the layers.
  ImageInfo known = image_with_id(index, {kApp});
  known.identity.config = Digest::of(bytes_of("{}"));
  CHECK_FALSE(store.image(known));
  known.identity.config = Digest::of(store.image(image_with_id(two))->config);
  CHECK(store.image(known));
}

TEST_CASE("the caller may know images by something else than their manifests") {
  Blobs blobs;
  const Digest manifest = blobs.put_image({kApp}, {gzipped(kApp)});
  ImageInfo image;
  image.id = "app";
  ContentStore store(blobs.path(),
                     [&](const ImageInfo& info) { return info.id == "app" ? std::optional(manifest) : std::nullopt; });
  const auto layer = store.layer(image, 0);
  REQUIRE(layer);
  CHECK(contents_of(*layer) == kApp);
  image.id = "other";
  CHECK_FALSE(store.image(image));
  CHECK_FALSE(blobs.open().image(image));
}

TEST_CASE("a blob that is missing is nothing, one that is damaged or has another tar is found out") {
  Blobs blobs;
  const Bytes in_gzip = gzipped(kApp), in_zstd = zstd_compress(kApp, 3);
  const ImageInfo image = image_with_id(blobs.put_image({kBase, kApp, kOther}, {kBase, in_gzip, in_zstd}));
  ContentStore store = blobs.open();
  CHECK(store.layer(image, 1) != nullptr);
  CHECK(store.layer(image, 2) == nullptr);
  for (const Bytes& bytes : {Bytes(in_gzip.begin(), in_gzip.end() - 20), gzipped(kOther)}) {
    blobs.damage(Digest::of(in_gzip), bytes);
    const auto damaged = store.layer(image, 1);
    REQUIRE(damaged);
    CHECK(outcome([&] { (void)damaged->size(); }) == ExitCode::verification);
  }
  blobs.damage(Digest::of(in_gzip), kApp);
  CHECK(store.layer(image, 1) == nullptr);
  blobs.remove(Digest::of(kBase));
  CHECK(store.layer(image, 0) == nullptr);
  CHECK(store.image(image));
}

TEST_CASE("an image whose metadata are missing or damaged is nothing") {
  Blobs blobs;
  const Digest manifest = blobs.put_image({kBase}, {kBase});
  const ImageInfo image = image_with_id(manifest);
  ContentStore store = blobs.open();
  const auto stored = store.image(image);
  REQUIRE(stored);
  blobs.damage(Digest::of(stored->config), bytes_of("{}"));
  CHECK_FALSE(store.image(image));
  blobs.remove(Digest::of(stored->config));
  CHECK_FALSE(store.image(image));
  blobs.put(stored->config);
  CHECK(store.image(image));
  blobs.damage(manifest, oci_manifest(stored->config, {}));
  CHECK_FALSE(store.image(image));
  CHECK(store.layer(image, 0) == nullptr);
  CHECK_FALSE(store.image(image_with_id(blobs.put(bytes_of("[]")))));
  CHECK_FALSE(store.image(image_with_id(blobs.put_image({kBase, kApp}, {kBase}))));
  CHECK_FALSE(store.image(image_with_id(Digest::of(bytes_of("none")))));
}
