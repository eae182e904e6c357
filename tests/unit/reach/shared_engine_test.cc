// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "reach/shared_engine.h"

#include <doctest/doctest.h>

#include <future>
#include <random>
#include <utility>

#include "base/error.h"
#include "fake_engine.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

std::string noise(size_t size) {
  std::mt19937 random(1);
  std::string text(size, 0);
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

/// Breaks off in the middle.
class BrokenSource : public Source {
 public:
  explicit BrokenSource(std::unique_ptr<Source> below) : below_(std::move(below)) {}
  [[nodiscard]] size_t read(MutableBytes out) override {
    if (std::exchange(broken_, true)) throw Error(ExitCode::engine, "the engine closed the connection");
    return below_->read(out);
  }

 private:
  std::unique_ptr<Source> below_;
  bool broken_ = false;
};

/// An engine that outlives whoever shares it, as seen by a test.
class Lent : public Engine {
 public:
  Lent(FakeEngine& engine, const bool& breaks) : engine_(engine), breaks_(breaks) {}
  [[nodiscard]] std::string description() const override { return engine_.description(); }
  [[nodiscard]] PartialLoad partial_load() const override { return engine_.partial_load(); }
  [[nodiscard]] std::string id_of_loaded(const Digest& config, const Digest& manifest) const override {
    return engine_.id_of_loaded(config, manifest);
  }
  [[nodiscard]] bool is_whole(const std::string& id) override { return engine_.is_whole(id); }
  [[nodiscard]] std::vector<ImageInfo> list() override { return engine_.list(); }
  [[nodiscard]] std::optional<ImageInfo> inspect(const std::string& name) override { return engine_.inspect(name); }
  [[nodiscard]] std::unique_ptr<Source> save(const std::vector<std::string>& ids) override {
    auto source = engine_.save(ids);
    if (breaks_) return std::make_unique<BrokenSource>(std::move(source));
    return source;
  }
  [[nodiscard]] std::vector<std::string> load(Source& archive) override { return engine_.load(archive); }
  void tag(const std::string& id, const Reference& name) override { engine_.tag(id, name); }
  void remove_untagged(const std::string& id) override { engine_.remove_untagged(id); }

 private:
  FakeEngine& engine_;
  const bool& breaks_;
};

struct Shop {
  FakeEngine engine;
  bool breaks = false;
  std::string id = engine.add({"app:1"}, {tar_file("app", noise(1'000'000)) + tar_end()});
  std::string other = engine.add({"other:1"}, {tar_file("other", "text") + tar_end()});
  std::string third = engine.add({"third:1"}, {tar_file("third", "text") + tar_end()});

  std::shared_ptr<SharedEngine> share(size_t readers) {
    return std::make_shared<SharedEngine>([this] { return std::make_unique<Lent>(engine, breaks); }, "", readers);
  }
};

std::string read_all(Source& source, size_t block_bytes = 100'000) {
  std::string text;
  Bytes block(block_bytes);
  while (const size_t count = source.read(block)) text.append(as_text(ByteView(block).first(count)));
  return text;
}

}  // namespace

TEST_CASE("several read what is saved once, each at its own pace") {
  Shop shop;
  const std::string archive = read_all(*shop.engine.save({shop.id}));
  REQUIRE(archive.size() > 1'000'000);
  shop.engine.saves = 0;
  const auto shared = shop.share(3);
  std::vector<std::future<std::string>> readers;
  for (const size_t block : {7'000, 300'000, 100'000}) {
    readers.push_back(std::async(
        std::launch::async, [shared, &shop, block] { return read_all(*shared->engine()->save({shop.id}), block); }));
  }
  for (auto& reader : readers) CHECK(reader.get() == archive);
  CHECK(shop.engine.saves == 1);
}

TEST_CASE("who comes late has it from the start, who leaves early holds up nobody") {
  Shop shop;
  const std::string archive = read_all(*shop.engine.save({shop.id}));
  shop.engine.saves = 0;
  const auto shared = shop.share(3);
  auto engine = shared->engine();
  auto first = engine->save({shop.id});
  Bytes block(10);
  CHECK(first->read(block) == 10);
  const auto second = shared->engine()->save({shop.id});
  first.reset();
  engine.reset();
  CHECK(read_all(*second) == archive);
  CHECK(read_all(*shared->engine()->save({shop.id})) == archive);
  CHECK(shop.engine.saves == 1);
  // All have had it: it is not kept for more.
  CHECK(read_all(*shared->engine()->save({shop.id})) == archive);
  CHECK(shop.engine.saves == 2);
}

TEST_CASE("only the last two readings are kept") {
  Shop shop;
  const auto shared = shop.share(2);
  const auto engine = shared->engine();
  for (const std::string& id : {shop.id, shop.other, shop.third}) (void)read_all(*engine->save({id}));
  shop.engine.saves = 0;
  (void)read_all(*engine->save({shop.third}));
  (void)read_all(*engine->save({shop.other}));
  CHECK(shop.engine.saves == 0);
  (void)read_all(*engine->save({shop.id}));
  CHECK(shop.engine.saves == 1);
}

TEST_CASE("a failure reaches all that read, and the next one begins anew") {
  Shop shop;
  const auto shared = shop.share(5);
  const auto engine = shared->engine();
  shop.breaks = true;
  const auto one = engine->save({shop.id}), two = engine->save({shop.id});
  for (Source* source : {one.get(), two.get(), one.get()}) {
    try {
      (void)read_all(*source);
      FAIL("read");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::engine);
    }
  }
  shop.breaks = false;
  CHECK(read_all(*engine->save({shop.id})) == read_all(*shop.engine.save({shop.id})));
  CHECK_THROWS_AS((void)engine->save({"sha256:none"}), Error);
}

TEST_CASE("all else is the engine's own") {
  Shop shop;
  const auto engine = shop.share(2)->engine();
  CHECK(engine->list().size() == 3);
  CHECK(engine->description() == "Fake 1.0");
  engine->tag(shop.id, Reference::parse("again:1"));
  const auto image = engine->inspect(Reference::parse("again:1").full());
  REQUIRE(image.has_value());
  CHECK(image->id == shop.id);
}
