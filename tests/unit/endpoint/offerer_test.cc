// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/offerer.h"

#include <doctest/doctest.h>

#include <deque>

#include "endpoint/layer_groups.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

constexpr uint64_t kLarge = 3000;

/// Ends where somebody looks at what has not come.
class ComingLayer : public RandomAccess {
 public:
  ComingLayer(ByteView layer, uint64_t come) : layer_(layer), come_(come) {}
  [[nodiscard]] uint64_t size() const override { return layer_.size(); }
  [[nodiscard]] uint64_t at_once(uint64_t offset) const override { return std::max<uint64_t>(come_ - offset, 1); }
  void read_at(uint64_t offset, MutableBytes out) const override {
    if (offset + out.size() > come_) throw Error(ExitCode::connection, "it has not come");
    layer_.read_at(offset, out);
  }

 private:
  MemoryFile layer_;
  uint64_t come_;
};

/// What is claimed of the contents of each block of an image without a basis.
std::vector<std::vector<Claim>> blocks_of(const std::vector<Bytes>& layers) {
  const LayerCache cache("");
  StageTimes times;
  Basis nothing({}, {}, cache, times);
  nothing.seal();
  nothing.wait();
  MemorySink wire;
  ZstdSink offers(wire, 3);
  OfferedBlocks blocks;
  Offerer offerer(offers, nothing, blocks);
  std::deque<MemoryFile> tars;
  for (const Bytes& layer : layers) {
    const MemoryFile& tar = tars.emplace_back(layer);
    offerer.begin_layer(Digest{}, tar);
    split_into_groups(tar, kLarge, [](uint64_t) {}, [&](LayerGroup&& group) { offerer.add_group(std::move(group)); });
    offerer.end_layer();
  }
  blocks.end();
  std::vector<std::vector<Claim>> claims;
  for (uint64_t number = 0; const OfferedBlock* block = blocks.wait_for(number); ++number) {
    auto& told = claims.emplace_back();
    for (const OfferedContent& content : block->contents) told.push_back(content.claim);
  }
  return claims;
}

}  // namespace

TEST_CASE("a content that is not read is handed on as soon as its header is there") {
  const Bytes layer = tar_file("small", "one") + tar_file("large", std::string(100'000, 'x')) + tar_end();
  const ComingLayer coming(layer, 3 * kTarBlock);
  std::vector<LayerGroup> groups;
  const auto take = [&](LayerGroup&& group) { groups.push_back(std::move(group)); };
  CHECK_THROWS_AS(split_into_groups(coming, kLarge, [](uint64_t) {}, take), Error);
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].name == kNoGroup);
  REQUIRE(groups[0].entries.size() == 2);
  CHECK(groups[0].entries[0].hash == content_hash(as_bytes("one")));
  CHECK(groups[0].entries[1].hash == kNotHashed);
  CHECK(groups[0].entries[1].content_size == 100'000);
}

TEST_CASE("what was not read is compared once another content has its size") {
  const std::string same(kLarge, 's'), other(kLarge, 'o'), larger(kLarge + 1, 's');
  const Bytes below = tar_file("a", same) + tar_file("b", larger) + tar_end();
  const Bytes above =
      tar_file("c", other) + tar_file("d", same) + tar_file("e", other) + tar_file("f", same) + tar_end();
  std::vector<Claim> claims;
  for (const auto& block : blocks_of({below, above})) claims.insert(claims.end(), block.begin(), block.end());
  using enum Claim;
  CHECK(claims == std::vector<Claim>{travel, travel, travel, repeat, repeat, repeat});
}

TEST_CASE("a gap without a content ends no block") {
  Bytes layer = tar_file("a", "one");
  for (int i = 0; i < 3000; ++i) layer = std::move(layer) + tar_folder("folder/");
  layer = std::move(layer) + tar_file("b", "two") + tar_end();
  CHECK(blocks_of({layer}) == std::vector<std::vector<Claim>>{{Claim::travel, Claim::travel}});
}
