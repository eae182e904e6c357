// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/remote_store.h"

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "base/log.h"

namespace docker_sync {

namespace {

constexpr size_t kFirstBlock = 64 << 10;  ///< where nothing was read before it
constexpr size_t kAheadFrom = 256 << 10;  ///< a block of that size is one of several in a row
constexpr uint64_t kMaxGap = 64 << 10;    ///< reading that goes on behind it goes on where it ended
constexpr size_t kBlocks = 8;
constexpr const char* kRemedy = "try again; --layer-reader save does without the store";

[[noreturn]] void throw_unreadable(const std::string& why) { throw Error(ExitCode::verification, why, kRemedy); }

StoreFields fields_of(const ImageInfo& image, size_t number) {
  return StoreFields().image(image).u32(static_cast<uint32_t>(number));
}

}  // namespace

class RemoteStore::Layer : public RandomAccess {
 public:
  Layer(RemoteStore& store, uint32_t handle, uint64_t size) : store_(store), handle_(handle), size_(size) {}
  ~Layer() override { store_.close_layer(handle_); }
  [[nodiscard]] uint64_t size() const override { return size_; }
  void read_at(uint64_t offset, MutableBytes out) const override { store_.read_at(handle_, size_, offset, out); }

 private:
  RemoteStore& store_;
  uint32_t handle_;
  uint64_t size_;
};

RemoteStore::RemoteStore(std::unique_ptr<Channel> channel, std::string description)
    : channel_(std::move(channel)), description_(std::move(description)) {
  Bytes greeting(kStoreGreeting.size());
  if (!read_whole(*channel_, greeting) || as_text(greeting) != kStoreGreeting) {
    throw Error(ExitCode::engine, "what should read the store does not greet");
  }
  receiver_ = std::thread([this] { receive(); });
}

RemoteStore::~RemoteStore() {
  close();
  receiver_.join();
}

void RemoteStore::receive() {
  std::string end = "what reads the engine's store has ended";
  try {
    uint8_t bytes[StoreFrameHead::kBytes];
    while (read_whole(*channel_, bytes)) {
      const StoreFrameHead head = parse_store_frame_head(bytes);
      const auto word = static_cast<StoreAnswer>(head.word);
      std::shared_ptr<Reply> reply;
      {
        const std::lock_guard lock(mutex_);
        const auto found = asked_.find(head.number);
        if (found == asked_.end()) throw_protocol("an answer of a store that nobody asked for");
        reply = found->second;
      }
      const bool is_known = word == StoreAnswer::given || word == StoreAnswer::none || word == StoreAnswer::failed;
      const size_t limit = word == StoreAnswer::given    ? reply->limit
                           : word == StoreAnswer::failed ? store_limits::kText
                                                         : 0;
      if (!is_known || head.size > limit) throw_protocol("an answer of a store that may not be");
      Bytes payload(head.size);
      if (!read_whole(*channel_, payload)) break;
      const std::lock_guard lock(mutex_);
      reply->word = word;
      reply->payload = std::move(payload);
      reply->is_here = true;
      asked_.erase(head.number);
      came_.notify_all();
    }
  } catch (const std::exception& error) {
    end += std::string(": ") + error.what();
  }
  channel_->close();
  const std::lock_guard lock(mutex_);
  lost_ = end;
  asked_.clear();
  came_.notify_all();
}

void RemoteStore::send(StoreQuestion word, uint32_t number, const StoreFields& fields) {
  Bytes frame(StoreFrameHead::kBytes);
  render({number, static_cast<uint8_t>(word), static_cast<uint32_t>(fields.bytes().size())}, frame);
  frame.insert(frame.end(), fields.bytes().begin(), fields.bytes().end());
  try {
    const std::lock_guard lock(writing_);
    channel_->write(frame);
  } catch (const Error& error) {
    throw_unreadable(std::string("what reads the engine's store has ended: ") + error.what());
  }
}

std::shared_ptr<RemoteStore::Reply> RemoteStore::ask(StoreQuestion word, const StoreFields& fields, size_t limit) {
  if (fields.bytes().size() > store_limits::kQuestion) throw_unreadable("an image has too many layers");
  auto reply = std::make_shared<Reply>();
  reply->limit = limit;
  uint32_t number;
  {
    const std::lock_guard lock(mutex_);
    if (lost_) throw_unreadable(*lost_);
    number = ++last_number_;
    asked_[number] = reply;
  }
  send(word, number, fields);
  return reply;
}

void RemoteStore::wait(const Reply& reply) {
  std::unique_lock lock(mutex_);
  came_.wait(lock, [&] { return reply.is_here || lost_; });
  if (!reply.is_here) throw_unreadable(*lost_);
  if (reply.word == StoreAnswer::failed) throw_unreadable(std::string(as_text(reply.payload)));
}

std::optional<Bytes> RemoteStore::exchange(StoreQuestion word, const StoreFields& fields, size_t limit) {
  try {
    const auto reply = ask(word, fields, limit);
    wait(*reply);
    if (reply->word == StoreAnswer::given) return std::move(reply->payload);
  } catch (const Error& error) {
    verbose(std::string("an image cannot be read in place: ") + error.what());
  }
  return std::nullopt;
}

std::optional<StoredImage> RemoteStore::image(const ImageInfo& image) {
  const auto given = exchange(StoreQuestion::image, StoreFields().image(image), store_limits::kImage);
  if (!given) return std::nullopt;
  try {
    StoreFieldReader fields(*given);
    StoredImage stored = fields.stored();
    fields.end();
    return stored;
  } catch (const Error& error) {
    verbose("image " + image.id + " cannot be read in place: " + error.what());
    return std::nullopt;
  }
}

std::unique_ptr<RandomAccess> RemoteStore::layer(const ImageInfo& image, size_t number) {
  constexpr size_t kAnswer = sizeof(uint32_t) + sizeof(uint64_t);
  const auto given = exchange(StoreQuestion::layer, fields_of(image, number), kAnswer);
  if (!given || given->size() != kAnswer) return nullptr;
  StoreFieldReader fields(*given);
  const uint32_t handle = fields.u32();
  return std::make_unique<Layer>(*this, handle, fields.u64());
}

std::optional<uint64_t> RemoteStore::tar_size(const ImageInfo& image, size_t number) {
  const auto given = exchange(StoreQuestion::tar_size, fields_of(image, number), sizeof(uint64_t));
  if (!given || given->size() != sizeof(uint64_t)) return std::nullopt;
  return StoreFieldReader(*given).u64();
}

void RemoteStore::read_at(uint32_t layer, uint64_t size, uint64_t offset, MutableBytes out) {
  while (!out.empty()) {
    const Block block = block_at(layer, size, offset, out.size());
    try {
      wait(*block.reply);
      if (block.reply->payload.size() != block.end - block.begin) throw_unreadable("a layer is not open any more");
      read_ahead(block, size);
    } catch (const Error&) {
      forget([&](const Block& other) { return other.reply == block.reply; });
      throw;
    }
    const ByteView there = ByteView(block.reply->payload).subspan(static_cast<size_t>(offset - block.begin));
    const size_t count = std::min(there.size(), out.size());
    std::copy_n(there.begin(), count, out.begin());
    out = out.subspan(count);
    offset += count;
  }
}

std::vector<RemoteStore::Block>::iterator RemoteStore::find_block(uint32_t layer, uint64_t offset) {
  return std::ranges::find_if(
      blocks_, [&](const Block& block) { return block.layer == layer && block.begin <= offset && offset < block.end; });
}

RemoteStore::Block RemoteStore::block_at(uint32_t layer, uint64_t size, uint64_t offset, size_t wanted) {
  const std::lock_guard lock(blocks_mutex_);
  const auto found = find_block(layer, offset);
  if (found != blocks_.end()) {
    std::rotate(blocks_.begin(), found, found + 1);
    return blocks_.front();
  }
  const auto before = std::ranges::find_if(blocks_, [&](const Block& block) {
    return block.layer == layer && block.end <= offset && offset - block.end <= kMaxGap;
  });
  uint64_t count = before == blocks_.end() ? kFirstBlock : 2 * (before->end - before->begin);
  count = std::min<uint64_t>({std::max<uint64_t>(count, wanted), store_limits::kRead, size - offset});
  return add_block(layer, offset, offset + count);
}

void RemoteStore::read_ahead(const Block& block, uint64_t size) {
  if (block.end - block.begin < kAheadFrom || block.end == size) return;
  const std::lock_guard lock(blocks_mutex_);
  if (find_block(block.layer, block.end) != blocks_.end()) return;
  (void)add_block(block.layer, block.end, block.end + std::min<uint64_t>(store_limits::kRead, size - block.end));
}

const RemoteStore::Block& RemoteStore::add_block(uint32_t layer, uint64_t begin, uint64_t end) {
  const size_t count = static_cast<size_t>(end - begin);
  auto reply = ask(StoreQuestion::read, StoreFields().u32(layer).u64(begin).u32(static_cast<uint32_t>(count)), count);
  blocks_.insert(blocks_.begin(), {layer, begin, end, std::move(reply)});
  if (blocks_.size() > kBlocks) blocks_.pop_back();
  return blocks_.front();
}

void RemoteStore::forget(const std::function<bool(const Block&)>& which) {
  const std::lock_guard lock(blocks_mutex_);
  std::erase_if(blocks_, which);
}

void RemoteStore::close_layer(uint32_t layer) noexcept {
  try {
    forget([&](const Block& block) { return block.layer == layer; });
    send(StoreQuestion::close, 0, StoreFields().u32(layer));
  } catch (const std::exception&) {
    // It is closed when the other side ends.
  }
}

}  // namespace docker_sync
