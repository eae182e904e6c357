// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/basis.h"

#include <doctest/doctest.h>

#include "endpoint/basis_reader.h"
#include "fake_engine.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

struct ReadBasis {
  FakeEngine engine;
  SpoolFolder folder{"/tmp"};
  std::optional<Basis> basis;
  std::vector<Digest> needed;

  /// All layers of the images, those of the first one to be preferred.
  void read(const std::vector<std::string>& images, const std::set<Digest>& must_come = {}) {
    std::vector<Digest> layers(must_come.begin(), must_come.end());
    for (auto id = images.rbegin(); id != images.rend(); ++id) {
      const auto image = engine.inspect(*id);
      if (!image) continue;
      for (const Digest& layer : image->identity.diff_ids) {
        std::erase(layers, layer);
        layers.push_back(layer);
      }
    }
    BasisReading reading{images, {layers.begin(), layers.end()}, must_come, {}, {}};
    reading.on_needed = [this](const Digest& layer, const Spool&) { needed.push_back(layer); };
    basis.emplace(std::move(layers));
    read_basis(engine, folder, reading, *basis);
    basis->seal();
    basis->wait();
  }
  std::string content_at(const BasisFile& file) {
    Bytes bytes(static_cast<size_t>(file.size));
    basis->tar(file.layer).read_at(file.offset, bytes);
    return std::string(as_text(bytes));
  }
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
  Basis basis({});
  basis.close(Error(ExitCode::interrupted, "stopped"));
  CHECK_THROWS_AS(basis.wait(), const Error&);
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
  CHECK(images_holding(engine.list(), layers) == std::vector<std::string>{all, other});
  CHECK(layers == std::set<Digest>{digest("1"), digest("2"), digest("4")});
  CHECK(images_holding({}, layers).empty());
  CHECK(layers.empty());
}
