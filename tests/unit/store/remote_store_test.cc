// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/remote_store.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>

#include "base/error.h"
#include "base/fd_channel.h"
#include "store/store_server.h"
#include "store_fixture.h"

using namespace docker_sync;

namespace {

using Lock = std::lock_guard<std::mutex>;

/// What it was asked, and layers of which it gives what their number says.
class FakeStore : public LayerStore {
 public:
  static constexpr size_t kEmpty = 2, kDamaged = 3, kMissing = 4;
  std::mutex mutex;
  std::vector<std::pair<uint64_t, size_t>> reads;
  std::atomic<int> open = 0;
  std::optional<ImageInfo> asked;
  uint64_t size = 3'000'001;
  std::atomic<bool> has_image = true;

  static uint8_t byte_at(size_t number, uint64_t offset) {
    return static_cast<uint8_t>(offset * 7 + (offset >> 8) * 13 + (offset >> 16) + number);
  }

  void remember(const ImageInfo& image) {
    const Lock lock(mutex);
    asked = image;
  }
  std::optional<ImageInfo> last_asked() {
    const Lock lock(mutex);
    return asked;
  }
  [[nodiscard]] std::string description() const override { return "fake"; }
  [[nodiscard]] std::optional<StoredImage> image(const ImageInfo& image) override {
    remember(image);
    if (!has_image) return std::nullopt;
    const Digest blob = Digest::of(as_bytes("blob"));
    return StoredImage{Bytes(70'000, 'c'), {Digest::of(as_bytes("layer"))}, {{blob, uint64_t{1} << 40, "type/of+it"}}};
  }
  [[nodiscard]] std::unique_ptr<RandomAccess> layer(const ImageInfo& image, size_t number) override {
    remember(image);
    if (number == kMissing) return nullptr;
    return std::make_unique<Layer>(*this, number);
  }
  [[nodiscard]] std::optional<uint64_t> tar_size(const ImageInfo&, size_t number) override {
    return number == kMissing ? std::nullopt : std::optional(size + number);
  }

 private:
  class Layer : public RandomAccess {
   public:
    Layer(FakeStore& store, size_t number) : store_(store), number_(number) { ++store_.open; }
    ~Layer() override { --store_.open; }
    [[nodiscard]] uint64_t size() const override { return number_ == kEmpty ? 0 : store_.size; }
    void read_at(uint64_t offset, MutableBytes out) const override {
      {
        const Lock lock(store_.mutex);
        store_.reads.emplace_back(offset, out.size());
      }
      if (number_ == kDamaged && offset > 0) throw_damaged_store("a bad disk");
      for (size_t i = 0; i < out.size(); ++i) out[i] = byte_at(number_, offset + i);
    }

   private:
    FakeStore& store_;
    size_t number_;
  };
};

ImageInfo some_image() {
  ImageInfo image;
  image.id = "sha256:abc";
  image.identity.config = Digest::of(as_bytes("config"));
  for (const char* layer : {"a", "b", "c", "d", "e"}) image.identity.diff_ids.push_back(Digest::of(as_bytes(layer)));
  return image;
}

/// A store, and the same from afar.
struct Served {
  FakeStore here;
  ChannelPair channels = make_channel_pair();
  std::thread serving{[this] {
    try {
      serve_store(*channels.second, here);
    } catch (const Error&) {
      channels.second->close();
    }
  }};
  std::unique_ptr<RemoteStore> far = std::make_unique<RemoteStore>(std::move(channels.first), "far");

  ~Served() {
    far.reset();
    serving.join();
  }
};

void check_bytes(const RandomAccess& layer, size_t number, uint64_t offset, size_t count) {
  Bytes bytes(count);
  layer.read_at(offset, bytes);
  for (size_t i = 0; i < count; ++i) {
    if (bytes[i] != FakeStore::byte_at(number, offset + i)) {
      FAIL("another byte at " << offset + i);
    }
  }
}

ExitCode failure_of(const std::function<void()>& what) {
  try {
    what();
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::ok;
}

void write_frame(Channel& channel, uint32_t number, int word, ByteView payload, uint32_t size) {
  Bytes frame(StoreFrameHead::kBytes);
  render({number, static_cast<uint8_t>(word), size}, frame);
  frame.insert(frame.end(), payload.begin(), payload.end());
  channel.write(frame);
}

}  // namespace

TEST_CASE("a store from afar says of images what the store says") {
  Served served;
  CHECK(served.far->description() == "far");
  const auto image = served.far->image(some_image());
  const auto asked = served.here.last_asked();
  REQUIRE(asked);
  CHECK(asked->id == "sha256:abc");
  CHECK(asked->identity.config == some_image().identity.config);
  CHECK(asked->identity.diff_ids == some_image().identity.diff_ids);
  REQUIRE(image);
  CHECK(image->config == Bytes(70'000, 'c'));
  CHECK(image->diff_ids == std::vector{Digest::of(as_bytes("layer"))});
  REQUIRE(image->blobs.size() == 1);
  CHECK(image->blobs[0].digest == Digest::of(as_bytes("blob")));
  CHECK(image->blobs[0].size == uint64_t{1} << 40);
  CHECK(image->blobs[0].media_type == "type/of+it");

  served.here.has_image = false;
  CHECK_FALSE(served.far->image(some_image()));
  CHECK(served.far->tar_size(some_image(), 1) == 3'000'002);
  CHECK_FALSE(served.far->tar_size(some_image(), FakeStore::kMissing));
  CHECK(served.far->layer(some_image(), FakeStore::kMissing) == nullptr);
}

TEST_CASE("layers from afar are read at any offset, and closed when nobody has them any more") {
  Served served;
  auto layer = served.far->layer(some_image(), 1);
  REQUIRE(layer);
  CHECK(layer->size() == served.here.size);
  CHECK(contents_of(*layer).size() == served.here.size);
  check_bytes(*layer, 1, 0, 1);
  check_bytes(*layer, 1, served.here.size - 5, 5);
  check_bytes(*layer, 1, 70'000, 2'000'000);
  check_bytes(*layer, 1, 12'345, 100'000);
  const auto empty = served.far->layer(some_image(), FakeStore::kEmpty);
  CHECK(contents_of(*empty).empty());
  CHECK(served.here.open == 2);
  layer.reset();
  (void)served.far->tar_size(some_image(), 0);
  for (int i = 0; i < 1000 && served.here.open != 1; ++i) std::this_thread::yield();
  CHECK(served.here.open <= 2);  // A block that is read ahead may hold it a moment longer.
}

TEST_CASE("reading on asks for large blocks, reading about for small ones") {
  Served served;
  const auto layer = served.far->layer(some_image(), 0);
  for (uint64_t offset = 0; offset + 10'000 < served.here.size; offset += 10'000)
    check_bytes(*layer, 0, offset, 10'000);
  {
    const Lock lock(served.here.mutex);
    CHECK(served.here.reads.size() < 12);
    served.here.reads.clear();
  }
  const auto other = served.far->layer(some_image(), 1);
  for (uint64_t offset = 0; offset < 3'000'000; offset += 300'000) check_bytes(*other, 1, offset, 100);
  const Lock lock(served.here.mutex);
  for (const auto& read : served.here.reads) {
    CAPTURE(read.first);
    CHECK(read.second <= 64 << 10);
  }
}

TEST_CASE("several threads read several layers at the same time") {
  Served served;
  std::vector<std::unique_ptr<RandomAccess>> layers;
  layers.push_back(served.far->layer(some_image(), 0));
  layers.push_back(served.far->layer(some_image(), 1));
  std::vector<std::future<bool>> readers;
  for (size_t thread = 0; thread < 6; ++thread) {
    readers.push_back(std::async(std::launch::async, [&, thread] {
      const size_t number = thread % 2;
      Bytes bytes(50'000 + thread);
      for (uint64_t at = thread * 1000; at + bytes.size() <= served.here.size; at += bytes.size() * (1 + thread / 3)) {
        layers[number]->read_at(at, bytes);
        for (size_t i = 0; i < bytes.size(); ++i) {
          if (bytes[i] != FakeStore::byte_at(number, at + i)) return false;
        }
      }
      return true;
    }));
  }
  for (auto& reader : readers) CHECK(reader.get());
}

TEST_CASE("a damaged store is one from afar, too, and the rest of it is read on") {
  Served served;
  const auto damaged = served.far->layer(some_image(), FakeStore::kDamaged);
  check_bytes(*damaged, FakeStore::kDamaged, 0, 10);
  Bytes bytes(100'000);
  for (int i = 0; i < 2; ++i) {
    CHECK(failure_of([&] { damaged->read_at(1'000'000, bytes); }) == ExitCode::verification);
  }
  const auto layer = served.far->layer(some_image(), 1);
  check_bytes(*layer, 1, 500'000, 100'000);
}

TEST_CASE("when the other side has gone layers are damaged and nothing else is there") {
  Served served;
  const auto layer = served.far->layer(some_image(), 1);
  check_bytes(*layer, 1, 0, 100);
  served.far->close();
  Bytes bytes(1000);
  CHECK(failure_of([&] { layer->read_at(2'000'000, bytes); }) == ExitCode::verification);
  CHECK_FALSE(served.far->image(some_image()));
  CHECK(served.far->layer(some_image(), 0) == nullptr);
}

TEST_CASE("who waits for an answer learns that none will come") {
  ChannelPair channels = make_channel_pair();
  channels.second->write(as_bytes(kStoreGreeting));
  RemoteStore store(std::move(channels.first), "");
  auto waiting = std::async(std::launch::async, [&] { return store.layer(some_image(), 0); });
  Bytes question(10);
  REQUIRE(read_whole(*channels.second, question));
  channels.second->close();
  CHECK(waiting.get() == nullptr);
}

TEST_CASE("something that does not greet is no store") {
  for (const char* words : {"docker-sync store 2\n", "exec format error: no such", "docker-sync"}) {
    ChannelPair channels = make_channel_pair();
    channels.second->write(as_bytes(words));
    channels.second->finish_writing();
    CHECK(failure_of([&] { RemoteStore(std::move(channels.first), ""); }) == ExitCode::engine);
  }
}

TEST_CASE("answers that may not be end the store before they take memory") {
  struct Hostile {
    const char* what;
    uint32_t number;
    int word;
    Bytes payload;
    uint32_t size;
  };
  const std::vector<Hostile> answers = {
      {"too long", 1, 1, {}, UINT32_MAX},
      {"longer than was asked for", 1, 1, Bytes(13), 13},
      {"nothing with something", 1, 2, Bytes(1), 1},
      {"a failure without end", 1, 3, {}, 1 << 20},
      {"of no question", 9, 1, {}, 0},
      {"an unknown word", 1, 7, {}, 0},
      {"shorter than it must be", 1, 1, Bytes(5), 5},
  };
  for (const Hostile& hostile : answers) {
    CAPTURE(hostile.what);
    ChannelPair channels = make_channel_pair();
    channels.second->write(as_bytes(kStoreGreeting));
    RemoteStore store(std::move(channels.first), "");
    write_frame(*channels.second, hostile.number == 1 ? 1 : hostile.number, hostile.word, hostile.payload,
                hostile.size);
    CHECK(store.layer(some_image(), 0) == nullptr);
  }
}

TEST_CASE("questions that may not be end the server before they take memory") {
  struct Hostile {
    const char* what;
    StoreQuestion word;
    Bytes payload;
    uint32_t size;
  };
  const Bytes image = StoreFields().image(some_image()).bytes();
  const auto longer = [&](uint32_t number) { return StoreFields().image(some_image()).u32(number).bytes(); };
  std::vector<Hostile> questions = {
      {"too long", StoreQuestion::image, {}, 1 << 30},
      {"an unknown word", static_cast<StoreQuestion>(9), longer(0), 0},
      {"no layer of that number", StoreQuestion::layer, longer(5), 0},
      {"more than its fields", StoreQuestion::image, longer(0), 0},
      {"an ID without end", StoreQuestion::image, StoreFields().u32(UINT32_MAX).bytes(), 0},
      {"more than a block", StoreQuestion::read, StoreFields().u32(1).u64(0).u32(600'000).bytes(), 0},
      {"behind the layer", StoreQuestion::read, StoreFields().u32(1).u64(UINT64_MAX).u32(2).bytes(), 0},
      {"over its end", StoreQuestion::read, StoreFields().u32(1).u64(3'000'000).u32(2).bytes(), 0},
      {"too many layers", StoreQuestion::image, StoreFields().u32(0).u8(0).u32(1'000'000).bytes(), 0},
  };
  for (size_t length = 0; length < image.size(); length += 7) {
    questions.push_back(
        {"cut short", StoreQuestion::image, {image.begin(), image.begin() + static_cast<long>(length)}, 0});
  }
  for (const Hostile& hostile : questions) {
    CAPTURE(hostile.what);
    FakeStore store;
    ChannelPair channels = make_channel_pair();
    auto serving =
        std::async(std::launch::async, [&] { return failure_of([&] { serve_store(*channels.second, store); }); });
    write_frame(*channels.first, 1, 2, longer(1), static_cast<uint32_t>(longer(1).size()));
    Bytes opened(kStoreGreeting.size() + StoreFrameHead::kBytes + 12);
    REQUIRE(read_whole(*channels.first, opened));
    write_frame(*channels.first, 2, static_cast<int>(hostile.word), hostile.payload,
                hostile.size != 0 ? hostile.size : static_cast<uint32_t>(hostile.payload.size()));
    CHECK(serving.get() == ExitCode::protocol);
  }
}

TEST_CASE("a layer that nobody opened, or that was closed, gives nothing") {
  FakeStore store;
  ChannelPair channels = make_channel_pair();
  auto serving =
      std::async(std::launch::async, [&] { return failure_of([&] { serve_store(*channels.second, store); }); });
  const Bytes read = StoreFields().u32(7).u64(0).u32(1).bytes();
  write_frame(*channels.first, 5, 4, read, static_cast<uint32_t>(read.size()));
  Bytes answer(kStoreGreeting.size() + StoreFrameHead::kBytes);
  REQUIRE(read_whole(*channels.first, answer));
  const StoreFrameHead head = parse_store_frame_head(ByteView(answer).last(StoreFrameHead::kBytes));
  CHECK(head.number == 5);
  CHECK(head.word == static_cast<uint8_t>(StoreAnswer::none));
  CHECK(head.size == 0);
  channels.first->finish_writing();
  CHECK(serving.get() == ExitCode::ok);
}
