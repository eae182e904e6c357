// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/layer_cache.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "cache_scratch.h"
#include "tar_fixture.h"

using namespace docker_sync;
namespace fs = std::filesystem;

namespace {

struct SampleLayer {
  explicit SampleLayer(const std::string& text = "content", size_t files = 20) {
    for (size_t i = 0; i < files; ++i) tar = tar + tar_file("f" + std::to_string(i), text + std::to_string(i));
    tar = tar + tar_end();
    diff_id = Digest::of(tar);
    index = index_layer(MemoryFile(tar));
  }
  Bytes tar;
  Digest diff_id;
  LayerIndex index;
};

struct Cached {
  CacheScratch scratch;
  LayerCache cache{scratch.path + "/layers"};

  fs::path file(const SampleLayer& layer) const { return scratch.path + "/layers/" + layer.diff_id.hex(); }
  bool find(const SampleLayer& layer) const {
    const auto found = cache.find(layer.diff_id);
    if (found) CHECK(*found == layer.index);
    return found.has_value();
  }
  Bytes bytes_of_file(const SampleLayer& layer) const {
    std::ifstream in(file(layer), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const SampleLayer& layer, const Bytes& bytes) const {
    std::ofstream(file(layer), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  void set_age(const SampleLayer& layer, int hours) const {
    fs::last_write_time(file(layer), fs::file_time_type::clock::now() - std::chrono::hours(hours));
  }
  size_t files() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(scratch.path + "/layers"), {}));
  }
};

}  // namespace

TEST_CASE("what is stored is found, by others too, and only under its diff_id") {
  const Cached cached;
  const SampleLayer layer, other("other");
  CHECK_FALSE(cached.find(layer));
  cached.cache.store(layer.diff_id, layer.index);
  CHECK(cached.find(layer));
  CHECK_FALSE(cached.find(other));
  CHECK(LayerCache(cached.scratch.path + "/layers").look_at(layer.diff_id) == layer.index);
  CHECK(cached.cache.layers() == std::set<Digest>{layer.diff_id});
  cached.cache.remove(layer.diff_id);
  CHECK_FALSE(cached.find(layer));
}

TEST_CASE("nobody else can read it") {
  const Cached cached;
  const SampleLayer layer;
  cached.cache.store(layer.diff_id, layer.index);
  struct stat info {};
  REQUIRE(::stat(cached.file(layer).c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  REQUIRE(::stat(cached.file(layer).parent_path().c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0700);
}

TEST_CASE("a file that is cut short is ignored and removed, wherever it is cut") {
  const Cached cached;
  const SampleLayer layer("content", 4);
  cached.cache.store(layer.diff_id, layer.index);
  const Bytes whole = cached.bytes_of_file(layer);
  for (size_t size = 0; size < whole.size(); ++size) {
    cached.write(layer, {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    CHECK_FALSE(cached.find(layer));
    CHECK_FALSE(fs::exists(cached.file(layer)));
  }
  cached.write(layer, whole);
  CHECK(cached.find(layer));
}

TEST_CASE("a flipped byte is noticed, and what was appended") {
  const Cached cached;
  const SampleLayer layer("content", 4);
  cached.cache.store(layer.diff_id, layer.index);
  const Bytes whole = cached.bytes_of_file(layer);
  for (size_t i = 0; i <= whole.size(); ++i) {
    Bytes damaged = whole;
    if (i < whole.size()) {
      damaged[i] ^= 0x10;
    } else {
      damaged.push_back(0);
    }
    cached.write(layer, damaged);
    CHECK_FALSE(cached.find(layer));
    CHECK_FALSE(fs::exists(cached.file(layer)));
  }
}

TEST_CASE("the index of another layer is ignored and removed") {
  const Cached cached;
  const SampleLayer layer, other("other");
  cached.cache.store(layer.diff_id, layer.index);
  fs::copy_file(cached.file(layer), cached.file(other));
  CHECK_FALSE(cached.find(other));
  CHECK_FALSE(fs::exists(cached.file(other)));
}

TEST_CASE("beyond the bound go those that were not used for the longest time") {
  CacheScratch scratch;
  std::vector<SampleLayer> layers;
  for (int i = 0; i < 6; ++i) layers.emplace_back("layer " + std::to_string(i));
  Cached cached;
  cached.cache.store(layers[0].diff_id, layers[0].index);
  const uint64_t size = fs::file_size(cached.file(layers[0]));
  cached.cache = LayerCache(cached.scratch.path + "/layers", 4 * size + size / 2);
  for (int i = 0; i < 4; ++i) {
    cached.cache.store(layers[static_cast<size_t>(i)].diff_id, layers[static_cast<size_t>(i)].index);
    cached.set_age(layers[static_cast<size_t>(i)], 10 - i);
  }
  CHECK(cached.find(layers[0]));                   // used now
  CHECK(cached.cache.look_at(layers[1].diff_id));  // only looked at
  cached.cache.store(layers[4].diff_id, layers[4].index);
  CHECK(cached.cache.layers() ==
        std::set<Digest>{layers[0].diff_id, layers[2].diff_id, layers[3].diff_id, layers[4].diff_id});
  cached.set_age(layers[0], 1);
  cached.set_age(layers[4], 2);
  cached.cache.store(layers[5].diff_id, layers[5].index);
  CHECK(cached.cache.layers() ==
        std::set<Digest>{layers[0].diff_id, layers[3].diff_id, layers[4].diff_id, layers[5].diff_id});
}

TEST_CASE("an index that would push out most others is not kept") {
  Cached cached;
  const SampleLayer layer, large("large", 200);
  cached.cache.store(large.diff_id, large.index);
  cached.cache = LayerCache(cached.scratch.path + "/layers", 2 * fs::file_size(cached.file(large)) - 2);
  cached.cache.remove(large.diff_id);
  cached.cache.store(layer.diff_id, layer.index);
  cached.cache.store(large.diff_id, large.index);
  CHECK(cached.find(layer));
  CHECK(cached.files() == 1);
}

TEST_CASE("what writers left behind is removed after a day, and what is not ours stays") {
  const Cached cached;
  const SampleLayer layer;
  fs::create_directory(cached.scratch.path + "/layers");
  const auto leave = [&](const std::string& name, int hours) {
    const std::string path = cached.scratch.path + "/layers/" + name;
    std::ofstream{path} << "left";
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(hours));
  };
  leave(".new-old123", 25);
  leave(".new-fresh1", 1);
  leave("notes", 1000);
  cached.cache.store(layer.diff_id, layer.index);
  CHECK_FALSE(fs::exists(cached.scratch.path + "/layers/.new-old123"));
  CHECK(fs::exists(cached.scratch.path + "/layers/.new-fresh1"));
  CHECK(fs::exists(cached.scratch.path + "/layers/notes"));
  CHECK(cached.find(layer));
}

TEST_CASE("writers and readers at the same time never see half a file, and leave none") {
  Cached cached;
  const std::vector<SampleLayer> layers{SampleLayer("a", 300), SampleLayer("b", 300), SampleLayer("c", 300)};
  for (const SampleLayer& layer : layers) cached.cache.store(layer.diff_id, layer.index);
  bool all_fit = true;
  SUBCASE("where all fit, nothing is ever missing") {}
  SUBCASE("where each pushes out what others have just written or read, nothing is ever wrong") {
    all_fit = false;
    cached.cache = LayerCache(cached.scratch.path + "/layers", fs::file_size(cached.file(layers[0])) * 5 / 2);
  }
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (size_t number = 0; number < 6; ++number) {
    threads.emplace_back([&, number] {
      for (size_t round = 0; round < 60; ++round) {
        const SampleLayer& layer = layers[(number + round) % layers.size()];
        if (number % 2 == 0) {
          cached.cache.store(layer.diff_id, layer.index);
        } else {
          const auto found = cached.cache.find(layer.diff_id);
          wrong += found ? *found != layer.index : all_fit;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  cached.cache.store(layers[1].diff_id, layers[1].index);
  CHECK(cached.find(layers[1]));
  CHECK(cached.files() == cached.cache.layers().size());
}

TEST_CASE("without a folder, or one that cannot be written or read, nothing is kept and nothing fails") {
  const SampleLayer layer;
  for (const std::string folder : {"", "/proc/nowhere", "/dev/null/layers"}) {
    const LayerCache cache(folder);
    cache.store(layer.diff_id, layer.index);
    CHECK_FALSE(cache.find(layer.diff_id).has_value());
    cache.remove(layer.diff_id);
    CHECK(cache.layers().empty());
  }
  const Cached cached;
  fs::create_directories(cached.file(layer));  // A folder under that name.
  cached.cache.store(layer.diff_id, layer.index);
  CHECK_FALSE(cached.find(layer));
}
