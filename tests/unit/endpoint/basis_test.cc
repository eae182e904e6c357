// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/basis.h"

#include <doctest/doctest.h>

#include "fake_engine.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

const auto kNoProgress = [](uint64_t, uint64_t) {};

struct ReadBasis {
  FakeEngine engine;
  SpoolFolder folder{"/tmp"};
  Basis basis;
  std::vector<Digest> local;

  void read(const std::vector<std::string>& images, const std::set<Digest>& wanted = {}) {
    basis.read(
        engine, images, folder, wanted, [&](const Digest& layer, const Spool&) { local.push_back(layer); },
        kNoProgress);
  }
  std::string content_at(const BasisFile& file) {
    Bytes bytes(static_cast<size_t>(file.size));
    basis.layer(file.layer).read_at(file.offset, bytes);
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
  const BasisIndex& index = read.basis.index();
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
  const auto conf = read.basis.index().find_similar("etc/conf", 4);
  REQUIRE(conf.has_value());
  CHECK(read.content_at(*conf) == "near");
}

TEST_CASE("a local layer is told as soon as it is there") {
  ReadBasis read;
  const Bytes layer = tar_file("a", "1") + tar_end();
  const std::string id = read.engine.add({"app"}, {layer});
  read.read({id}, {Digest::of(layer)});
  CHECK(read.local == std::vector<Digest>{Digest::of(layer)});
}

TEST_CASE("a basis image that vanished is no failure, a local layer that did is one") {
  ReadBasis read;
  read.read({"sha256:gone"});
  CHECK(read.basis.index().size() == 0);
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
  CHECK(read.basis.index().find(content_hash(as_bytes("good")), 4).has_value());
  CHECK_FALSE(read.basis.index().find(content_hash(as_bytes("bad")), 3).has_value());
}

TEST_CASE("who waits for the index is woken by an error") {
  Basis basis;
  basis.close(Error(ExitCode::interrupted, "stopped"));
  CHECK_THROWS_AS((void)basis.index(), const Error&);
}
