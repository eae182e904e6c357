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
    basis.emplace(std::move(layers), std::set<Digest>(), cache, times);
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
  OneLayer(const Bytes& layer, const LayerCache& cache) : basis({Digest::of(layer)}, {}, cache, times) {
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
  const Basis& index = *read.basis;
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
  const auto conf = read.basis->find_similar("etc/conf", 4);
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
  CHECK(read.basis->files() == 0);
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
  CHECK(read.basis->find(content_hash(as_bytes("good")), 4).has_value());
  CHECK_FALSE(read.basis->find(content_hash(as_bytes("bad")), 3).has_value());
}

TEST_CASE("who waits for the basis is woken by an error") {
  const LayerCache cache("");
  StageTimes times;
  Basis basis({}, {}, cache, times);
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
  CHECK(second.basis.files() == 200);
  for (int i = 0; i < 200; ++i) {
    const std::string content = std::to_string(i * i);
    const ContentHash hash = content_hash(as_bytes(content));
    REQUIRE(first.basis.find(hash, content.size()).has_value());
    CHECK(second.basis.find(hash, content.size()) == first.basis.find(hash, content.size()));
    const std::string path = "lib/f-" + std::to_string(i);
    CHECK(second.basis.find_similar(path, 4) == first.basis.find_similar(path, 4));
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

namespace {

/// A basis of an old layer over one that the new image keeps, and how often that was read.
struct KeptLayer {
  explicit KeptLayer(const LayerCache& cache, uint64_t link = 0)
      : basis({Digest::of(kept), Digest::of(old)}, {Digest::of(kept)}, cache, times, link) {
    basis.add(0, std::make_unique<CountedSpool>(space, kept, reads));
    basis.add(1, std::make_unique<MemoryFile>(old));
    basis.seal();
    basis.wait();
  }
  [[nodiscard]] std::optional<BasisFile> find(const std::string& content) const {
    return basis.find(content_hash(as_bytes(content)), content.size());
  }
  const Bytes kept = tar_file("bin/tool-1.0", "tool") + tar_file("lib/one", "123") + tar_file("lib/two", "456") +
                     tar_file("lib/long", "123456") + tar_end();
  const Bytes old = tar_file("etc/conf", "old") + tar_end();
  SpoolSpace space{"/tmp"};
  int reads = 0;
  StageTimes times;
  Basis basis;
};

}  // namespace

TEST_CASE("what the new image keeps is not looked into before something is met that nothing else is like") {
  const LayerCache none("");
  const KeptLayer layers(none);
  const Basis& basis = layers.basis;
  CHECK(layers.reads == 0);
  CHECK(layers.find("old"));
  CHECK_FALSE(layers.find("456"));
  // There is an older one to make it from.
  CHECK_FALSE(basis.may_know_more("etc/conf", 4));
  CHECK(basis.may_know_more("lib/two", 3));
  CHECK(layers.reads == 0);
  CHECK(basis.groups(0) == 0);

  basis.look_into_kept();
  CHECK(layers.find("456") == BasisFile{0, basis.find_similar("lib/two", 3)->offset, 3});
  CHECK(basis.find_similar("bin/tool-2.0", 4).has_value());
  CHECK_FALSE(basis.may_know_more("lib/three", 3));
  CHECK(basis.groups(0) == 0);
}

TEST_CASE("a look into what the new image keeps pays when it is shorter than what it may spare the link") {
  const LayerCache none("");
  const KeptLayer fast(none, 125'000'000);
  for (int file = 0; file < 31; ++file) CHECK_FALSE(fast.basis.pays_to_look(1'000'000));
  CHECK(fast.basis.pays_to_look(1'000'000));
  const KeptLayer slow(none, 1'250'000);
  CHECK_FALSE(slow.basis.pays_to_look(3));
  CHECK(slow.basis.pays_to_look(400'000));
  const KeptLayer unknown(none);
  CHECK_FALSE(unknown.basis.pays_to_look(8));
  CHECK(unknown.basis.pays_to_look(3'000));
}

TEST_CASE("of what is kept only contents of the very size are read, and these once") {
  const CacheScratch scratch;
  const LayerCache cache(scratch.path);
  KeptLayer layers(cache);
  layers.basis.look_into_kept();
  layers.reads = 0;
  CHECK_FALSE(layers.find("12345"));
  CHECK(layers.reads == 0);
  CHECK_FALSE(layers.find("789"));
  CHECK(layers.reads == 2);
  CHECK(layers.find("123"));
  CHECK(layers.basis.find(short_hash(content_hash(as_bytes("456"))), 3));
  CHECK(layers.reads == 2);
  CHECK(layers.find("123456"));
  CHECK(layers.reads == 3);

  // The outline is kept; as a basis of its own the layer is read.
  KeptLayer again(cache);
  again.basis.look_into_kept();
  CHECK(again.reads == 0);
  CHECK(again.find("456"));
  const OneLayer whole(again.kept, cache);
  CHECK(whole.reads > 0);
  CHECK(whole.basis.groups(0) > 0);
  CHECK_FALSE(cache.look_at(Digest::of(again.kept))->is_outline());
  KeptLayer known(cache);
  known.basis.look_into_kept();
  CHECK(known.find("456"));
  CHECK(known.reads == 0);
}

TEST_CASE("an index that is not of the kept layer is found out when that is read") {
  const CacheScratch scratch;
  const LayerCache cache(scratch.path);
  KeptLayer layers(cache);
  cache.store(Digest::of(layers.kept), index_layer(MemoryFile(layers.old)));
  layers.basis.look_into_kept();
  Bytes content(3);
  CHECK_THROWS_AS(layers.basis.tar(0).read_at(0, content), const Error&);
  layers.basis.tar(1).read_at(0, content);
}
