// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/basis.h"

#include <doctest/doctest.h>

#include "cache_scratch.h"
#include "endpoint/basis_reader.h"
#include "fake_engine.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

struct ReadBasis {
  FakeEngine engine;
  SpoolSpace space{"/tmp"};
  LayerCache cache{""};
  StageTimes times;
  std::optional<Basis> basis;
  std::vector<Digest> needed;

  /// All layers of the images, those of the first one to be preferred.
  void read(const std::vector<std::string>& ids, const std::set<Digest>& must_come = {}) {
    std::vector<Digest> layers(must_come.begin(), must_come.end());
    std::vector<ImageInfo> images;
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
      const auto image = engine.inspect(*id);
      if (!image) continue;
      images.insert(images.begin(), *image);
      for (const Digest& layer : image->identity.diff_ids) {
        std::erase(layers, layer);
        layers.push_back(layer);
      }
    }
    BasisReading reading{images, {layers.begin(), layers.end()}, must_come, {}, {}};
    reading.on_needed = [this](const Digest& layer, const RandomAccess&) { needed.push_back(layer); };
    basis.emplace(std::move(layers), cache, times);
    read_basis(engine, space, LayerReader::automatic, reading, *basis);
    basis->seal();
    basis->wait();
  }
  std::string content_at(const BasisFile& file) {
    Bytes bytes(static_cast<size_t>(file.size));
    basis->tar(file.layer).read_at(file.offset, bytes);
    return std::string(as_text(bytes));
  }
};

/// Counts how often it is read.
class CountedSpool : public Spool {
 public:
  CountedSpool(const SpoolSpace& space, const Bytes& bytes, int& reads) : Spool(space), reads_(&reads) {
    write(bytes);
    flush();
  }
  void read_at(uint64_t offset, MutableBytes out) const override {
    ++*reads_;
    Spool::read_at(offset, out);
  }

 private:
  int* reads_;
};

/// A basis of that one layer, and how often the layer was read for it.
struct OneLayer {
  OneLayer(const Bytes& layer, const LayerCache& cache) : basis({Digest::of(layer)}, cache, times) {
    basis.add(0, std::make_unique<CountedSpool>(space, layer, reads));
    basis.seal();
    basis.wait();
  }
  SpoolSpace space{"/tmp"};
  int reads = 0;
  StageTimes times;
  Basis basis;
};

}  // namespace

TEST_CASE("contents of all layers are found by hash, and files by path, the topmost first") {
  ReadBasis read;
  const std::string id =
      read.engine.add({"app"}, {tar_file("etc/conf", "old") + tar_file("bin/tool", "tool") + tar_end(),
                                tar_file("etc/conf", "new") + tar_end()});
  read.read({id});
  const BasisIndex& index = read.basis->index();
  const auto tool = index.find(content_hash(as_bytes("tool")), 4);
  REQUIRE(tool.has_value());
  CHECK(read.content_at(*tool) == "tool");
  const auto conf = index.find_similar("etc/conf", 3);
  REQUIRE(conf.has_value());
  CHECK(read.content_at(*conf) == "new");
}

TEST_CASE("the image named first is preferred for the same path") {
  ReadBasis read;
  const std::string far = read.engine.add({"far"}, {tar_file("etc/conf", "far") + tar_end()});
  const std::string near = read.engine.add({"near"}, {tar_file("etc/conf", "near") + tar_end()});
  read.read({near, far});
  const auto conf = read.basis->index().find_similar("etc/conf", 4);
  REQUIRE(conf.has_value());
  CHECK(read.content_at(*conf) == "near");
}

TEST_CASE("a layer that is needed is told as soon as it is there") {
  ReadBasis read;
  const Bytes layer = tar_file("a", "1") + tar_end();
  const std::string id = read.engine.add({"app"}, {layer});
  read.read({id}, {Digest::of(layer)});
  CHECK(read.needed == std::vector<Digest>{Digest::of(layer)});
}

TEST_CASE("a basis image that vanished is no failure, a layer that is needed and did is one") {
  ReadBasis read;
  read.read({"sha256:gone"});
  CHECK(read.basis->index().size() == 0);
  ReadBasis again;
  CHECK_THROWS_AS(again.read({"sha256:gone"}, {Digest{}}), const Error&);
}

TEST_CASE("a basis image that is damaged is used as far as it goes") {
  ReadBasis read;
  const std::string id =
      read.engine.add({"app"}, {tar_file("a", "good") + tar_end(), tar_file("b", "bad") + tar_end()});
  read.engine.damage_saved_layer = [](Bytes& layer) {
    if (as_text(layer).find("bad") != std::string_view::npos) layer[0] ^= 1;
  };
  read.read({id});
  CHECK(read.basis->index().find(content_hash(as_bytes("good")), 4).has_value());
  CHECK_FALSE(read.basis->index().find(content_hash(as_bytes("bad")), 3).has_value());
}

TEST_CASE("who waits for the basis is woken by an error") {
  const LayerCache cache("");
  StageTimes times;
  Basis basis({}, cache, times);
  basis.close(Error(ExitCode::interrupted, "stopped"));
  CHECK_THROWS_AS(basis.wait(), const Error&);
}

TEST_CASE("a layer that was a basis before is neither split nor hashed again, and is the same basis") {
  const CacheScratch scratch;
  const LayerCache cache(scratch.path);
  Bytes layer;
  for (int i = 0; i < 200; ++i) layer = layer + tar_file("lib/f-" + std::to_string(i), std::to_string(i * i));
  layer = layer + tar_end();
  const OneLayer first(layer, cache), second(layer, cache);
  CHECK(first.reads > 200);
  CHECK(second.reads == 0);

  REQUIRE(second.basis.contents(0) == first.basis.contents(0));
  CHECK(second.basis.group_names(0) == first.basis.group_names(0));
  REQUIRE(second.basis.groups(0) == first.basis.groups(0));
  CHECK(first.basis.groups(0) > 1);
  for (size_t group = 0; group <= first.basis.groups(0); ++group) {
    CHECK(second.basis.group_begin(0, group) == first.basis.group_begin(0, group));
  }
  CHECK(second.basis.index().size() == 200);
  for (int i = 0; i < 200; ++i) {
    const std::string content = std::to_string(i * i);
    const ContentHash hash = content_hash(as_bytes(content));
    REQUIRE(first.basis.index().find(hash, content.size()).has_value());
    CHECK(second.basis.index().find(hash, content.size()) == first.basis.index().find(hash, content.size()));
    const std::string path = "lib/f-" + std::to_string(i);
    CHECK(second.basis.index().find_similar(path, 4) == first.basis.index().find_similar(path, 4));
  }
}

TEST_CASE("without a cache, or with one that is damaged, a layer is read") {
  const CacheScratch scratch;
  const LayerCache cache(scratch.path), none("");
  const Bytes layer = tar_file("a", "1") + tar_end();
  CHECK(OneLayer(layer, none).reads > 0);
  CHECK(OneLayer(layer, none).reads > 0);
  CHECK(OneLayer(layer, cache).reads > 0);
  std::filesystem::resize_file(scratch.path + "/" + Digest::of(layer).hex(), 40);
  CHECK(OneLayer(layer, cache).reads > 0);
  CHECK(OneLayer(layer, cache).reads == 0);
}

TEST_CASE("a place is checked against the layers") {
  ReadBasis read;
  const std::string id = read.engine.add({"app"}, {tar_file("a", "content") + tar_end()});
  read.read({id});
  const uint64_t size = read.basis->tar(0).size();
  check_place(*read.basis, {0, 0, size});
  check_place(*read.basis, {0, size, 0});
  for (const BasisFile& place : {BasisFile{1, 0, 0}, BasisFile{0, 1, size}, BasisFile{0, size + 1, 0},
                                 BasisFile{0, UINT64_MAX, 2}, BasisFile{0, 2, UINT64_MAX}}) {
    CHECK_THROWS_AS(check_place(*read.basis, place), const Error&);
  }
}

TEST_CASE("few images are read for the layers of many") {
  FakeEngine engine;
  const auto layer = [](const std::string& name) { return tar_file(name, name) + tar_end(); };
  const auto digest = [&](const std::string& name) { return Digest::of(layer(name)); };
  engine.add({"a"}, {layer("1")});
  const std::string all = engine.add({"b"}, {layer("1"), layer("2"), layer("3")});
  engine.add({"c"}, {layer("2"), layer("3")});
  const std::string other = engine.add({"d"}, {layer("3"), layer("4")});
  std::set<Digest> layers{digest("1"), digest("2"), digest("4"), digest("nowhere")};
  std::vector<std::string> ids;
  for (const ImageInfo& image : images_holding(engine.list(), layers)) ids.push_back(image.id);
  CHECK(ids == std::vector<std::string>{all, other});
  CHECK(layers == std::set<Digest>{digest("1"), digest("2"), digest("4")});
  CHECK(images_holding({}, layers).empty());
  CHECK(layers.empty());
}
