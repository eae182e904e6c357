// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/store_server.h"

#include <map>
#include <mutex>

#include "base/error.h"
#include "base/task_group.h"
#include "store/store_frames.h"

namespace docker_sync {

namespace {

constexpr int kThreads = 4;

struct Question {
  uint32_t number = 0;
  StoreQuestion word{};
  Bytes payload;
};

/// A frame, whose head is written last.
class Answer {
 public:
  explicit Answer(uint32_t number) : number_(number), frame_(StoreFrameHead::kBytes) {}
  MutableBytes give(size_t size) {
    word_ = StoreAnswer::given;
    frame_.resize(StoreFrameHead::kBytes + size);
    return MutableBytes(frame_).subspan(StoreFrameHead::kBytes);
  }
  void give(const StoreFields& fields) {
    std::copy(fields.bytes().begin(), fields.bytes().end(), give(fields.bytes().size()).begin());
  }
  void fail(std::string_view why) {
    why = why.substr(0, store_limits::kText);
    std::copy(why.begin(), why.end(), give(why.size()).begin());
    word_ = StoreAnswer::failed;
  }
  [[nodiscard]] ByteView frame() {
    const size_t size = frame_.size() - StoreFrameHead::kBytes;
    render({number_, static_cast<uint8_t>(word_), static_cast<uint32_t>(size)}, frame_);
    return frame_;
  }

 private:
  uint32_t number_;
  StoreAnswer word_ = StoreAnswer::none;
  Bytes frame_;
};

class Server {
 public:
  Server(Channel& channel, LayerStore& store) : channel_(channel), store_(store) {}

  void run() {
    channel_.write(as_bytes(kStoreGreeting));
    TaskGroup tasks([this](const Error&) { channel_.close(); });
    for (int i = 0; i < kThreads; ++i) tasks.run([this] { serve(); });
    tasks.wait();
  }

 private:
  void serve() {
    while (const auto question = next()) {
      if (question->word == StoreQuestion::close) {
        close(*question);
        continue;
      }
      Answer answer(question->number);
      try {
        reply(*question, answer);
      } catch (const Error& error) {
        if (error.code() == ExitCode::protocol) throw;
        answer.fail(error.failure());
      } catch (const std::exception& error) {
        answer.fail(error.what());
      }
      const std::lock_guard lock(writing_);
      channel_.write(answer.frame());
    }
  }

  std::optional<Question> next() {
    const std::lock_guard lock(reading_);
    uint8_t bytes[StoreFrameHead::kBytes];
    if (ended_ || !read_whole(channel_, bytes)) {
      ended_ = true;
      return std::nullopt;
    }
    const StoreFrameHead head = parse_store_frame_head(bytes);
    if (head.size > store_limits::kQuestion) throw_protocol("a question to a store is too long");
    Question question{head.number, static_cast<StoreQuestion>(head.word), Bytes(head.size)};
    if (!read_whole(channel_, question.payload)) throw_protocol("a question to a store breaks off");
    return question;
  }

  void reply(const Question& question, Answer& answer);
  void open(const ImageInfo& image, size_t number, Answer& answer);
  void read(StoreFieldReader& fields, Answer& answer);
  void close(const Question& question);

  Channel& channel_;
  LayerStore& store_;
  std::mutex reading_, writing_;
  bool ended_ = false;  ///< guarded by reading_
  std::mutex mutex_;    ///< guards what follows
  std::map<uint32_t, std::shared_ptr<const RandomAccess>> layers_;
  uint32_t last_handle_ = 0;
};

void Server::reply(const Question& question, Answer& answer) {
  StoreFieldReader fields(question.payload);
  if (question.word == StoreQuestion::read) return read(fields, answer);
  const ImageInfo image = fields.image();
  if (question.word == StoreQuestion::image) {
    fields.end();
    const auto stored = store_.image(image);
    const StoreFields found = stored ? StoreFields().stored(*stored) : StoreFields();
    if (stored && found.bytes().size() <= store_limits::kImage) answer.give(found);
    return;
  }
  const size_t number = fields.u32();
  fields.end();
  if (number >= image.identity.diff_ids.size()) throw_protocol("an image has no layer of that number");
  if (question.word == StoreQuestion::layer) return open(image, number, answer);
  if (question.word != StoreQuestion::tar_size) throw_protocol("an unknown question to a store");
  if (const auto size = store_.tar_size(image, number)) answer.give(StoreFields().u64(*size));
}

void Server::open(const ImageInfo& image, size_t number, Answer& answer) {
  std::shared_ptr<const RandomAccess> layer = store_.layer(image, number);
  if (!layer) return;
  const uint64_t size = layer->size();  // All of its tar-split is read for that: others go on meanwhile.
  const std::lock_guard lock(mutex_);
  if (layers_.size() >= store_limits::kOpenLayers) return;
  layers_[++last_handle_] = layer;
  answer.give(StoreFields().u32(last_handle_).u64(size));
}

void Server::read(StoreFieldReader& fields, Answer& answer) {
  const uint32_t handle = fields.u32();
  const uint64_t offset = fields.u64();
  const uint32_t count = fields.u32();
  fields.end();
  std::shared_ptr<const RandomAccess> layer;
  {
    const std::lock_guard lock(mutex_);
    const auto found = layers_.find(handle);
    // Who reads ahead may close it meanwhile.
    if (found == layers_.end()) return;
    layer = found->second;
  }
  if (count > store_limits::kRead || offset > layer->size() || count > layer->size() - offset) {
    throw_protocol("a layer in a store is not read where it is");
  }
  layer->read_at(offset, answer.give(count));
}

void Server::close(const Question& question) {
  StoreFieldReader fields(question.payload);
  const uint32_t handle = fields.u32();
  fields.end();
  const std::lock_guard lock(mutex_);
  layers_.erase(handle);
}

}  // namespace

void serve_store(Channel& channel, LayerStore& store) { Server(channel, store).run(); }

}  // namespace docker_sync
