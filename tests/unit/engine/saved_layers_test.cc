// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/saved_layers.h"

#include <doctest/doctest.h>

#include <functional>
#include <future>

#include "base/compression.h"
#include "base/error.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

/// An engine of which only the save matters: it gives out one archive.
class Saver : public Engine {
 public:
  explicit Saver(Bytes archive) : archive_(std::move(archive)) {}
  [[nodiscard]] std::string description() const override { return "Saver"; }
  [[nodiscard]] PartialLoad partial_load() const override { return PartialLoad::known_blobs; }
  [[nodiscard]] std::string id_of_loaded(const Digest&, const Digest& manifest) const override {
    return manifest.text();
  }
  [[nodiscard]] bool is_whole(const std::string&) override { return true; }
  [[nodiscard]] std::vector<ImageInfo> list() override { return {}; }
  [[nodiscard]] std::optional<ImageInfo> inspect(const std::string&) override { return std::nullopt; }
  [[nodiscard]] std::unique_ptr<Source> save(const std::vector<std::string>&) override {
    return give_out ? give_out() : std::make_unique<MemorySource>(archive_);
  }
  [[nodiscard]] std::vector<std::string> load(Source&) override { return {}; }
  void tag(const std::string&, const Reference&) override {}
  void remove_untagged(const std::string&) override {}

  std::function<std::unique_ptr<Source>()> give_out;  ///< instead

 private:
  Bytes archive_;
};

/// gzip of stored blocks: what it says is no smaller, but a gzip all the same.
Bytes gzipped(const Bytes& bytes) {
  REQUIRE(bytes.size() < 65536);
  const auto size = static_cast<uint16_t>(bytes.size());
  Bytes out{0x1f,
            0x8b,
            8,
            0,
            0,
            0,
            0,
            0,
            0,
            3,
            1,
            static_cast<uint8_t>(size),
            static_cast<uint8_t>(size >> 8),
            static_cast<uint8_t>(~size),
            static_cast<uint8_t>(~size >> 8)};
  out = out + bytes;
  uint32_t crc = ~uint32_t{0};
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  for (const uint32_t word : {~crc, static_cast<uint32_t>(size)}) {
    for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<uint8_t>(word >> shift));
  }
  return out;
}

Bytes file(const std::string& path, const Bytes& content) { return tar_file(path, as_text(content)); }
Bytes blob(const Bytes& content) { return file(blob_path(Digest::of(content)), content); }

Bytes config_of(const std::vector<Bytes>& layers, const std::string& os = "linux") {
  std::string diff_ids;
  for (const Bytes& layer : layers) diff_ids += (diff_ids.empty() ? "\"" : ",\"") + Digest::of(layer).text() + "\"";
  return bytes_of(R"({"os":")" + os + R"(","rootfs":{"type":"layers","diff_ids":[)" + diff_ids + "]}}");
}

Descriptor stored(const Bytes& content, const std::string& media_type = kLayerMediaType) {
  return {Digest::of(content), content.size(), media_type};
}

const Bytes kOne = tar_file("one", "1") + tar_end(), kTwo = tar_file("two", "22") + tar_end();
const Bytes kThree = tar_file("three", "333") + tar_end();
const std::string kGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// As a containerd store saves an image: one layer plain, one in gzip, one in zstd.
struct Example {
  std::vector<Bytes> layers{kOne, kTwo, kThree};
  std::vector<Bytes> blobs{kOne, gzipped(kTwo), zstd_compress(kThree, 3)};
  Bytes config = config_of(layers);
  std::vector<Descriptor> descriptors{stored(blobs[0]), stored(blobs[1], kGzip), stored(blobs[2], "zstd")};
  Bytes manifest = oci_manifest(config, descriptors);
  Bytes metadata = file("index.json", oci_index(manifest)) +
                   file("manifest.json", docker_manifest(std::vector{SavedItem{Digest::of(config), descriptors}})) +
                   file("oci-layout", oci_layout());

  [[nodiscard]] std::vector<Digest> diff_ids() const {
    return {Digest::of(kOne), Digest::of(kTwo), Digest::of(kThree)};
  }
  [[nodiscard]] Bytes archive() const {
    return blob(manifest) + blob(blobs[2]) + blob(config) + blob(blobs[1]) + blob(blobs[0]) + metadata + tar_end();
  }
};

/// What came of reading an archive.
struct Reading {
  std::map<Digest, Bytes> layers;
  std::optional<Bytes> config;
  std::map<Digest, uint64_t> sizes;
  std::vector<StoredImage> images;
  std::optional<Error> error;

  Reading(const Bytes& archive, const std::set<Digest>& layers_wanted,
          std::optional<std::vector<Digest>> config_wanted = {}) {
    Saver engine(archive);
    WantedLayers wanted;
    wanted.layers = layers_wanted;
    wanted.config_of = std::move(config_wanted);
    wanted.on_layer = [&](const Digest& diff_id, std::unique_ptr<RandomAccess> tar) {
      CHECK_FALSE(layers.contains(diff_id));
      layers[diff_id].resize(static_cast<size_t>(tar->size()));
      tar->read_at(0, layers[diff_id]);
    };
    wanted.on_config = [&](Bytes bytes) { config = std::move(bytes); };
    wanted.on_size = [&](const Digest& digest, uint64_t size) { sizes[digest] = size; };
    wanted.sizes = {Digest::of(kOne), Digest::of(kThree)};
    wanted.on_image = [&](const StoredImage& image) { images.push_back(image); };
    try {
      const SpoolSpace space("/tmp");
      read_saved_layers(engine, {"id"}, space, wanted);
    } catch (const Error& thrown) {
      error = thrown;
    }
  }
};

}  // namespace

TEST_CASE("layers come as tars, whatever form they are stored in, and only those that are wanted") {
  const Example image;
  const Reading all(image.archive(), {Digest::of(kOne), Digest::of(kTwo), Digest::of(kThree)});
  CHECK_FALSE(all.error);
  CHECK(all.layers ==
        std::map<Digest, Bytes>{{Digest::of(kOne), kOne}, {Digest::of(kTwo), kTwo}, {Digest::of(kThree), kThree}});
  const Reading one(image.archive(), {Digest::of(kTwo)});
  CHECK(one.layers == std::map<Digest, Bytes>{{Digest::of(kTwo), kTwo}});
  CHECK(one.sizes == std::map<Digest, uint64_t>{{Digest::of(kOne), kOne.size()}, {Digest::of(kThree), kThree.size()}});
}

TEST_CASE("a layer under its compressed blob's digest is not the layer") {
  const Example image;
  const Reading reading(image.archive(), {Digest::of(image.blobs[1])});
  REQUIRE(reading.error);
  CHECK(reading.error->code() == ExitCode::image);
}

TEST_CASE("the config is found by its layers where its digest is not known") {
  const Example image;
  const Reading reading(image.archive(), {}, image.diff_ids());
  CHECK_FALSE(reading.error);
  CHECK(reading.config == image.config);
  CHECK(Reading(image.archive(), {}, std::vector{Digest::of(kOne)}).error->code() == ExitCode::image);
}

TEST_CASE("an image tells under which blobs its layers are stored") {
  const Example image;
  const Reading reading(image.archive(), {});
  REQUIRE(reading.images.size() == 1);
  CHECK(reading.images[0].config == image.config);
  CHECK(reading.images[0].diff_ids == image.diff_ids());
  REQUIRE(reading.images[0].blobs.size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(reading.images[0].blobs[i].digest == Digest::of(image.blobs[i]));
    CHECK(reading.images[0].blobs[i].size == image.blobs[i].size());
    CHECK(reading.images[0].blobs[i].media_type == image.descriptors[i].media_type);
  }
}

TEST_CASE("an index with an attestation and a second platform is resolved to the platform's own image") {
  const Example image;
  const Bytes statement = bytes_of(R"({"_type":"https://in-toto.io/Statement/v0.1"})");
  const Bytes statement_config = config_of({statement}, "unknown");
  const Bytes attestation =
      oci_manifest(statement_config, std::vector{stored(statement, "application/vnd.in-toto+json")});
  // The same layers with another config: only manifest.json tells which of the two the engine would run.
  for (const std::string os : {"a", "b", "c", "d"}) {
    const Bytes other_config = config_of(image.layers, os);
    const Bytes other = oci_manifest(other_config, image.descriptors);
    const Bytes archive = blob(statement) + blob(statement_config) + blob(attestation) + blob(other) +
                          blob(other_config) + image.archive();
    const Reading reading(archive, {Digest::of(kThree)}, image.diff_ids());
    CHECK_FALSE(reading.error);
    CHECK(reading.config == image.config);
    CHECK(reading.layers.size() == 1);
    REQUIRE(reading.images.size() == 3);
    CHECK(reading.images[0].config == image.config);
  }
}

TEST_CASE("blobs that the store has lost are named, and the image is not whole") {
  const Example image;
  const Bytes archive = blob(image.manifest) + image.metadata + tar_end();
  const Reading reading(archive, {Digest::of(kTwo)});
  REQUIRE(reading.error);
  CHECK(reading.error->code() == ExitCode::image);
  for (const Bytes& lost : {image.config, image.blobs[0], image.blobs[1], image.blobs[2]}) {
    CHECK(reading.error->failure().find(Digest::of(lost).brief()) != std::string::npos);
  }
  CHECK(reading.error->remedy().find("pull or build") != std::string::npos);
  CHECK(Reading(archive, {}, image.diff_ids()).error->code() == ExitCode::image);
  CHECK(Reading(archive, {}).images.empty());

  const Bytes without_one = blob(image.manifest) + blob(image.config) + blob(image.blobs[0]) + blob(image.blobs[1]) +
                            image.metadata + tar_end();
  CHECK(Reading(without_one, {Digest::of(kTwo)}).layers.size() == 1);
  CHECK(Reading(without_one, {}).images.empty());
}

TEST_CASE("a damaged blob is an image error") {
  const Example image;
  Bytes damaged = image.blobs[1];
  damaged[damaged.size() / 2] ^= 1;
  const Bytes archive = file(blob_path(Digest::of(image.blobs[1])), damaged) + image.metadata + tar_end();
  CHECK(Reading(archive, {Digest::of(kTwo)}).error->code() == ExitCode::image);
}

TEST_CASE("a layer whose first file is named like JSON is a layer all the same") {
  const Bytes odd = tar_file("{", "x") + tar_end();
  CHECK(Reading(blob(odd) + tar_end(), {Digest::of(odd)}).layers.at(Digest::of(odd)) == odd);
}

TEST_CASE("a blob that is not what its name says is no config") {
  const Example image;
  const Bytes archive =
      blob(image.manifest) + file(blob_path(Digest::of(image.config)), config_of({kOne})) + image.metadata + tar_end();
  CHECK(Reading(archive, {}, std::vector{Digest::of(kOne)}).error->code() == ExitCode::image);
}

TEST_CASE("every truncation of an archive is an error, and never a whole image") {
  const Example image;
  const Bytes whole = image.archive();
  for (size_t size = 0; size + 1024 < whole.size(); size += 97) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    const Reading reading(cut, {});
    CHECK(reading.error);
    CHECK(reading.images.empty());
  }
}

TEST_CASE("damaged archives are errors or lack something, whatever is damaged") {
  const Example image;
  mutate(image.archive(), 300, [&](const Bytes& archive) {
    const Reading reading(archive, {Digest::of(kTwo)}, image.diff_ids());
    for (const auto& [digest, layer] : reading.layers) CHECK(Digest::of(layer) == digest);
    if (!reading.error) CHECK(find_config(*reading.config)->diff_ids == image.diff_ids());
  });
}

namespace {

/// Docker before 25: each layer in a folder named by a hash, in that order of them.
Bytes legacy_archive(const std::vector<Bytes>& layers, const std::vector<size_t>& order) {
  std::vector<Digest> diff_ids;
  for (const Bytes& layer : layers) diff_ids.push_back(Digest::of(layer));
  std::vector<std::string> folders;
  for (const Digest& chain_id : chain_ids(diff_ids)) {
    std::string hashed = R"({"layer_id":")" + chain_id.text() + '"';
    if (!folders.empty()) hashed += R"(,"parent":"sha256:)" + folders.back() + '"';
    folders.push_back(Digest::of(bytes_of(hashed + "}")).hex());
  }
  Bytes archive;
  for (const size_t i : order) {
    std::string json = R"({"id":")" + folders[i] + '"';
    if (i > 0) json += R"(,"parent":")" + folders[i - 1] + '"';
    if (i + 1 == layers.size()) json += R"(,"architecture":"amd64")";
    archive = archive + file(folders[i] + "/json", bytes_of(json + "}")) + file(folders[i] + "/layer.tar", layers[i]);
  }
  return archive + file("config.json", config_of(layers)) + tar_end();
}

/// A source that stops before a place until it is told to go on.
class Halting : public Source {
 public:
  Halting(const Bytes& bytes, size_t halt, std::future<void> go_on)
      : bytes_(&bytes), halt_(halt), go_on_(std::move(go_on)) {}
  [[nodiscard]] size_t read(MutableBytes out) override {
    if (at_ == halt_ && go_on_.valid()) go_on_.get();
    const size_t count = std::min(out.size(), (at_ < halt_ ? halt_ : bytes_->size()) - at_);
    std::copy_n(bytes_->begin() + static_cast<ptrdiff_t>(at_), count, out.begin());
    at_ += count;
    return count;
  }

 private:
  const Bytes* bytes_;
  size_t halt_, at_ = 0;
  std::future<void> go_on_;
};

/// Reads layers in another thread while they come; the archive halts in the middle until some of one has been read.
struct ReadingWhile {
  std::map<Digest, Bytes> layers;
  std::optional<Error> error, reader_error;

  ReadingWhile(const Bytes& archive, size_t halt, const std::set<Digest>& layers_wanted,
               const std::vector<Digest>& chain, size_t read_first, bool pass = false) {
    std::promise<void> some_read;
    Saver engine({});
    engine.give_out = [&] { return std::make_unique<Halting>(archive, halt, some_read.get_future()); };
    WantedLayers wanted;
    wanted.layers = layers_wanted;
    wanted.while_they_come = chain;
    std::vector<std::future<void>> readers;
    wanted.coming_pass = pass;
    wanted.on_coming = [&](const Digest& diff_id, std::unique_ptr<RandomAccess> tar) {
      Bytes& bytes = layers[diff_id];
      readers.push_back(std::async(std::launch::async, [&, read = std::shared_ptr<RandomAccess>(std::move(tar))] {
        Bytes all(static_cast<size_t>(read->size()));
        read->read_at(0, MutableBytes(all).first(read_first));
        some_read.set_value();
        const size_t again_from = pass ? read_first : 0;
        read->read_at(again_from, MutableBytes(all).subspan(again_from));
        bytes = all;
      }));
    };
    const SpoolSpace space("/tmp");
    try {
      read_saved_layers(engine, {"id"}, space, wanted);
    } catch (const Error& thrown) {
      error = thrown;
    }
    for (auto& reader : readers) {
      try {
        reader.get();
      } catch (const Error& thrown) {
        reader_error = thrown;
      }
    }
  }
};

const Bytes kLarge = tar_file("large", std::string(2'000'000, 'x')) + tar_end();
const std::vector<Digest> kChain{Digest::of(kOne), Digest::of(kLarge)};

}  // namespace

TEST_CASE("a layer that its name tells is read while it comes") {
  Bytes archive;
  std::vector<Digest> chain = kChain;
  SUBCASE("a blob") { archive = blob(kOne) + blob(kLarge) + tar_end(); }
  SUBCASE("of Podman") { archive = file(Digest::of(kLarge).hex() + ".tar", kLarge) + tar_end(); }
  SUBCASE("of an older Docker, the topmost") { archive = legacy_archive({kOne, kLarge}, {1, 0}); }
  SUBCASE("of an older Docker, before those above and below it") {
    archive = legacy_archive({kOne, kLarge, kTwo}, {1, 2, 0});
    chain.push_back(Digest::of(kTwo));
  }
  for (const bool pass : {false, true}) {
    const ReadingWhile reading(archive, 1'500'000, {Digest::of(kLarge)}, chain, 1'000'000, pass);
    CHECK_FALSE(reading.error);
    CHECK_FALSE(reading.reader_error);
    CHECK(reading.layers == std::map<Digest, Bytes>{{Digest::of(kLarge), kLarge}});
  }
}

TEST_CASE("a layer that passes, and that nobody reads, waits until who wanted it is told how far the archive is") {
  const Bytes large = tar_file("large", std::string(20'000'000, 'x')) + tar_end();
  const Bytes archive = blob(large) + tar_end();
  Saver engine({});
  engine.give_out = [&] { return std::make_unique<MemorySource>(archive); };
  std::unique_ptr<RandomAccess> coming;
  WantedLayers wanted;
  wanted.layers = {Digest::of(large)};
  wanted.while_they_come = {Digest::of(large)};
  wanted.coming_pass = true;
  wanted.on_coming = [&](const Digest&, std::unique_ptr<RandomAccess> tar) { coming = std::move(tar); };
  uint64_t before = 0;
  wanted.on_progress = [&](uint64_t bytes) {
    if (bytes == std::exchange(before, bytes)) throw Error(ExitCode::connection, "nobody reads");
  };
  const SpoolSpace space("/tmp");
  CHECK_THROWS_WITH_AS(read_saved_layers(engine, {"id"}, space, wanted), "nobody reads", const Error&);
  CHECK(before < 10'000'000);
  Bytes bytes(static_cast<size_t>(large.size()));
  CHECK_THROWS_WITH_AS(coming->read_at(0, bytes), "nobody reads", const Error&);
}

TEST_CASE("a layer that is not what its name told never comes to its end") {
  Bytes damaged = kLarge;
  damaged[1'000'000] ^= 1;
  Bytes archive = file(blob_path(Digest::of(kLarge)), damaged) + tar_end();
  ReadingWhile reading(archive, 1'500'000, {Digest::of(kLarge)}, kChain, 500'000);
  REQUIRE(reading.error);
  CHECK(reading.error->code() == ExitCode::image);
  REQUIRE(reading.reader_error);
  CHECK(reading.reader_error->code() == ExitCode::image);
  CHECK(reading.layers.at(Digest::of(kLarge)).empty());

  archive.resize(1'600'000);
  ReadingWhile cut(archive, 1'500'000, {Digest::of(kLarge)}, kChain, 500'000);
  REQUIRE(cut.error);
  CHECK(cut.error->code() == ExitCode::engine);
  REQUIRE(cut.reader_error);
  CHECK(cut.reader_error->code() == ExitCode::engine);
}
