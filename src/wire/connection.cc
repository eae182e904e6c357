// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "wire/connection.h"

#include <fmt/format.h>

#include <cassert>
#include <cstring>
#include <utility>

#include "wire/limits.h"

namespace docker_sync {

namespace {

std::array<uint8_t, 4> little_endian(uint32_t value) {
  return {static_cast<uint8_t>(value), static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value >> 16),
          static_cast<uint8_t>(value >> 24)};
}

uint32_t from_little_endian(ByteView bytes) {
  return static_cast<uint32_t>(bytes[0]) | static_cast<uint32_t>(bytes[1]) << 8 |
         static_cast<uint32_t>(bytes[2]) << 16 | static_cast<uint32_t>(bytes[3]) << 24;
}

uint32_t stream_of(const Frame& frame) {
  if (frame.payload.size() < 4) throw_protocol("a stream frame without its stream");
  return from_little_endian(frame.payload);
}

}  // namespace

class Connection::Reader : public Source {
 public:
  Reader(Connection& connection, uint32_t stream) : connection_(&connection), stream_(stream) {}
  [[nodiscard]] size_t read(MutableBytes out) override { return connection_->read_stream(stream_, out); }

 private:
  Connection* connection_;
  uint32_t stream_;
};

Connection::Connection(std::unique_ptr<Channel> channel, std::string label, uint32_t stream_window)
    : channel_(std::move(channel)), label_(std::move(label)), window_(stream_window), last_write_(Clock::now()) {
  channel_->write(kMagic);
}

Connection::~Connection() {
  close();
  wait();
}

void Connection::wait() {
  if (reader_.joinable()) reader_.join();
  if (keeper_.joinable()) keeper_.join();
}

void Connection::start(Handlers handlers) {
  handlers_ = std::move(handlers);
  reader_ = std::thread([this] { read_loop(); });
  keeper_ = std::thread([this] { keep_alive_loop(); });
}

void Connection::send(const Frame& frame) { write_frame(frame.type, {}, frame.payload); }

void Connection::write_frame(FrameType type, ByteView head, ByteView payload) {
  const auto header = encode_frame_header({static_cast<uint32_t>(head.size() + payload.size()), type});
  const std::lock_guard lock(write_mutex_);
  if (head.size() + payload.size() <= limits::kDataBytes + 4) {
    // One write a frame: a packet of its own for five bytes of header would double the cost of small frames.
    uint8_t whole[kFrameHeaderBytes + 4 + limits::kDataBytes];
    std::memcpy(whole, header.data(), header.size());
    if (!head.empty()) std::memcpy(whole + header.size(), head.data(), head.size());
    if (!payload.empty()) std::memcpy(whole + header.size() + head.size(), payload.data(), payload.size());
    channel_->write({whole, header.size() + head.size() + payload.size()});
  } else {
    assert(head.empty());
    channel_->write(header);
    channel_->write(payload);
  }
  last_write_ = Clock::now();
}

void Connection::keep_alive_loop() {
  std::unique_lock lock(mutex_);
  while (!over_) {
    changed_.wait_for(lock, std::chrono::seconds(1), [&] { return over_; });
    if (over_) return;
    lock.unlock();
    try {
      // A write that waits holds write_mutex_: then bytes are under way, which is sign of life enough.
      std::unique_lock writing(write_mutex_, std::try_to_lock);
      const bool silent = writing && Clock::now() - last_write_ >= limits::kPingAfter;
      if (writing) writing.unlock();
      if (silent) write_frame(FrameType::ping, {}, {});
    } catch (const Error&) {
      // The reading thread sees the same broken link, and reports it.
    }
    lock.lock();
  }
}

void Connection::read_loop() {
  try {
    read_frames();
    end_all(std::nullopt);
  } catch (Error& error) {
    end_all(error.on_host(label_));
  } catch (const std::exception& error) {
    end_all(Error(ExitCode::internal, error.what()).on_host(label_));
  }
}

void Connection::read_frames() {
  std::array<uint8_t, kMagic.size()> magic;
  read_exactly(magic, false);
  if (magic != kMagic) throw_protocol("the other side does not speak docker-sync's protocol");
  while (true) {
    std::array<uint8_t, kFrameHeaderBytes> bytes{};
    if (!read_exactly(MutableBytes(bytes).first(1), true)) return;
    read_exactly(MutableBytes(bytes).subspan(1), false);
    const FrameHeader header = decode_frame_header(bytes);
    Frame frame{header.type, Bytes(header.length)};
    read_exactly(frame.payload, false);
    dispatch(std::move(frame));
  }
}

bool Connection::read_exactly(MutableBytes out, bool end_allowed) {
  while (!out.empty()) {
    const size_t count = channel_->read(out, limits::kDeadAfter);
    if (count == 0) {
      if (end_allowed) return false;
      const std::string last_words = channel_->diagnostics();
      throw Error(ExitCode::connection,
                  "the other side ended the connection" + (last_words.empty() ? "" : " (" + last_words + ")"));
    }
    out = out.subspan(count);
  }
  return true;
}

void Connection::dispatch(Frame&& frame) {
  switch (frame.type) {
    case FrameType::ping:
      return;
    case FrameType::abort: {
      const Bytes fields = unpack(frame.payload);
      Decoder decoder{ByteView(fields)};
      Failure failure;
      decoder.get(failure);
      throw failure.to_error();
    }
    case FrameType::data:
      return handlers_.on_stream ? handlers_.on_stream(frame) : take_data(frame);
    case FrameType::credit:
      return handlers_.on_stream ? handlers_.on_stream(frame) : take_credit(frame);
    default:
      return handlers_.on_control(std::move(frame));
  }
}

void Connection::take_data(const Frame& frame) {
  const uint32_t number = stream_of(frame);
  const ByteView bytes = ByteView(frame.payload).subspan(4);
  const std::lock_guard lock(mutex_);
  if (number < first_live_) return;
  if (!streams_.contains(number) && streams_.size() >= limits::kLiveStreams) {
    throw_protocol("data on too many streams");
  }
  Stream& stream = begun(number);
  if (stream.peer_ended) throw_protocol("data after the end of a stream");
  if (bytes.empty()) {
    stream.peer_ended = true;
  } else {
    stream.unread += bytes.size();
    if (stream.unread + stream.consumed > window_) throw_protocol("more data than there was credit for");
    stream.arrived.push_back({Bytes(bytes.begin(), bytes.end()), Clock::now()});
  }
  changed_.notify_all();
}

void Connection::take_credit(const Frame& frame) {
  const uint32_t number = stream_of(frame);
  if (frame.payload.size() != 12) throw_protocol("a CREDIT frame of the wrong size");
  const std::lock_guard lock(mutex_);
  if (number < first_live_) return;
  const auto stream = streams_.find(number);
  if (stream == streams_.end()) throw_protocol("credit for a stream that was not begun");
  const uint32_t bytes = from_little_endian(ByteView(frame.payload).subspan(4));
  const std::chrono::microseconds unread(from_little_endian(ByteView(frame.payload).subspan(8)));
  if (bytes > window_ - stream->second.credit) throw_protocol("more credit than the window");
  stream->second.credit += bytes;
  stream->second.meter.consumed(Clock::now(), bytes, unread);
  changed_.notify_all();
}

Connection::Stream& Connection::live_stream(uint32_t number) {
  if (error_) throw Error(*error_);
  if (number < first_live_) throw Error(*retire_reason_);
  return begun(number);
}

Connection::Stream& Connection::begun(uint32_t number) {
  const auto [stream, is_new] = streams_.try_emplace(number);
  if (is_new) stream->second.credit = window_;
  return stream->second;
}

std::unique_ptr<Source> Connection::open_reader(uint32_t number) { return std::make_unique<Reader>(*this, number); }

size_t Connection::read_stream(uint32_t number, MutableBytes out) {
  size_t count = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    Stream& stream = live_stream(number);
    if (!stream.arrived.empty() || stream.peer_ended) break;
    if (over_) throw Error(ExitCode::connection, "the other side ended the connection").on_host(label_);
    if (const auto due = take_due_credit(stream)) {
      lock.unlock();
      give_credit(number, *due);
      lock.lock();
    } else {
      changed_.wait(lock);
    }
  }
  Stream& stream = live_stream(number);
  while (count < out.size() && !stream.arrived.empty()) {
    auto& [run, at] = stream.arrived.front();
    stream.consumed_came = at;
    const size_t taken = std::min(out.size() - count, run.size());
    std::memcpy(out.data() + count, run.data(), taken);
    count += taken;
    if (taken == run.size()) {
      stream.arrived.pop_front();
    } else {
      run.erase(run.begin(), run.begin() + static_cast<ptrdiff_t>(taken));
    }
  }
  stream.unread -= count;
  stream.consumed += count;
  const auto due = stream.consumed >= limits::kCreditStep ? take_due_credit(stream) : std::nullopt;
  lock.unlock();
  if (due) give_credit(number, *due);
  return count;
}

std::optional<Connection::Credit> Connection::take_due_credit(Stream& stream) {
  // None once the peer needs no more.
  if (stream.consumed < limits::kCreditFloor || stream.peer_ended) return std::nullopt;
  return Credit{static_cast<uint32_t>(std::exchange(stream.consumed, 0)), Clock::now() - stream.consumed_came};
}

void Connection::give_credit(uint32_t number, const Credit& credit) {
  const auto unread = std::chrono::duration_cast<std::chrono::microseconds>(credit.unread).count();
  Encoder payload;
  payload.put(ByteView(little_endian(number)));
  payload.put(ByteView(little_endian(credit.bytes)));
  payload.put(ByteView(little_endian(static_cast<uint32_t>(std::min<int64_t>(unread, UINT32_MAX)))));
  try {
    write_frame(FrameType::credit, {}, payload.bytes);
  } catch (const Error&) {
    // A peer that is gone needs no credit; what it sent before can still be read.
  }
}

Connection::Stream& Connection::writable_stream(uint32_t number) {
  Stream& stream = live_stream(number);
  if (over_) throw Error(ExitCode::connection, "the other side ended the connection").on_host(label_);
  if (stream.abandoned) throw Error(ExitCode::internal, "this stream was given up");
  return stream;
}

void Connection::write_stream(uint32_t number, ByteView bytes) {
  while (!bytes.empty()) {
    size_t count = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return writable_stream(number).credit > 0; });
      Stream& stream = writable_stream(number);
      count = std::min<size_t>({bytes.size(), limits::kDataBytes, stream.credit});
      stream.credit -= count;
      stream.meter.sent(Clock::now(), count);
    }
    write_frame(FrameType::data, little_endian(number), bytes.first(count));
    bytes = bytes.subspan(count);
  }
}

Backlog Connection::backlog(uint32_t number) {
  const std::lock_guard lock(mutex_);
  return writable_stream(number).meter.backlog(window_);
}

void Connection::wait_for_backlog(uint32_t number, const std::function<bool(const Backlog&)>& enough) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return enough(writable_stream(number).meter.backlog(window_)); });
}

void Connection::abandon_stream(uint32_t number) noexcept {
  const std::lock_guard lock(mutex_);
  if (number < first_live_) return;
  begun(number).abandoned = true;
  changed_.notify_all();
}

void Connection::end_stream(uint32_t number) { write_frame(FrameType::data, little_endian(number), {}); }

void Connection::retire_streams_below(uint32_t number, const Error& reason) {
  const std::lock_guard lock(mutex_);
  first_live_ = std::max(first_live_, number);
  retire_reason_ = reason;
  streams_.erase(streams_.begin(), streams_.lower_bound(first_live_));
  changed_.notify_all();
}

void Connection::abort(const Error& error) noexcept {
  try {
    Encoder encoder;
    encoder.put(Failure::of(error));
    send(Frame{FrameType::abort, pack(std::move(encoder))});
    channel_->finish_writing();
  } catch (const std::exception&) {
    // Who cannot be told sees the connection end.
  }
  close();
}

void Connection::close() noexcept {
  channel_->close();
  end_all(Error(ExitCode::connection, "the connection was closed"));
}

void Connection::end_all(std::optional<Error> error) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = !over_reported_;
    over_reported_ = true;
    over_ = true;
    if (error && !error_) error_ = error;
    changed_.notify_all();
  }
  channel_->close();
  if (first && handlers_.on_end) handlers_.on_end(error);
}

}  // namespace docker_sync
