// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A connection to one peer over a Channel: frames in both directions, any number of credited streams, and the
// dead-link rule. Its one reading thread never writes and never waits for a writer: what arrives goes to a stream's
// queue (bounded by the credit that we gave) or to the control handler. That is what keeps two peers that both send
// bulk from blocking each other, over pipes of any size. Waiting on frames in request order was the design rejected.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/channel.h"
#include "base/error.h"
#include "base/io.h"
#include "wire/backlog.h"
#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/message.h"

namespace docker_sync {

class Connection {
 public:
  struct Handlers {
    /// Called by the reading thread for each control frame; must not block.
    std::function<void(Frame)> on_control;
    /// Called once, when the connection is over. Nothing: the peer ended it in order.
    std::function<void(std::optional<Error>)> on_end;
    /// DATA and CREDIT frames go here instead of into streams of our own, if set: a relay. May block.
    std::function<void(const Frame&)> on_stream;
  };

  /// `label` names the peer in errors. Sends our magic at once. Both sides must have the same window, in bytes.
  Connection(std::unique_ptr<Channel> channel, std::string label, uint32_t stream_window = limits::kStreamWindow);
  /// Closes, and waits for the threads.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start(Handlers handlers);

  template <class Message>
  void send(const Message& message) {
    send(encode(message));
  }
  /// Throws ExitCode::connection when the connection is over.
  void send(const Frame& frame);

  /// The reading and the writing end of one stream, each opened once. They may outlive neither the connection nor
  /// close_streams(). Reading throws the connection's error when it ends before the stream does.
  [[nodiscard]] std::unique_ptr<Source> open_reader(uint32_t stream);
  /// Bytes leave in frames of up to 64 KiB; end() must be called for the reader to see the end.
  class Writer : public Sink {
   public:
    Writer(Connection& connection, uint32_t stream) : connection_(&connection), stream_(stream) {}
    void write(ByteView bytes) override { connection_->write_stream(stream_, bytes); }
    void end() { connection_->end_stream(stream_); }

    /// What was written and the peer's reader has not consumed yet.
    [[nodiscard]] Backlog backlog() const { return connection_->backlog(stream_); }
    /// Waits until `enough` is true of the backlog; it is asked again whenever the peer has consumed some. It must not
    /// block nor use the connection. Throws as write() does.
    void wait_for(const std::function<bool(const Backlog&)>& enough) { connection_->wait_for_backlog(stream_, enough); }
    /// Gives the stream up, from any thread: whoever waits in it gets an error, and nothing more can be written.
    void abandon() noexcept { connection_->abandon_stream(stream_); }

   private:
    Connection* connection_;
    uint32_t stream_;
  };
  [[nodiscard]] Writer open_writer(uint32_t stream) { return {*this, stream}; }

  /// Streams numbered below `stream` are over: whoever reads or writes them gets `reason` (their threads must be
  /// joined by the caller before the next sync begins), late frames of theirs are dropped.
  void retire_streams_below(uint32_t stream, const Error& reason);

  /// Tells the peer why, then closes.
  void abort(const Error& error) noexcept;
  void close() noexcept;
  /// Waits for the threads of a closed connection. No handler is called afterwards.
  void wait();

  [[nodiscard]] Channel::Traffic traffic() const { return channel_->traffic(); }
  [[nodiscard]] const std::string& label() const { return label_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Arrived {
    Bytes bytes;
    Clock::time_point at;
  };
  struct Credit {
    uint32_t bytes = 0;
    Clock::duration unread{};  ///< how long the last of them lay there
  };
  struct Stream {
    std::deque<Arrived> arrived;
    size_t unread = 0;    ///< bytes in `arrived`
    size_t consumed = 0;  ///< bytes read and not yet credited to the peer
    Clock::time_point consumed_came;  ///< when the last of them arrived
    bool peer_ended = false, reader_open = false;
    uint64_t credit = 0;  ///< what we may send
    BacklogMeter meter;   ///< of what we send
    bool abandoned = false;
  };
  class Reader;

  void read_loop();
  void read_frames();
  /// False at an end of file before the first byte, where that is allowed.
  bool read_exactly(MutableBytes out, bool end_allowed);
  void dispatch(Frame&& frame);
  void take_data(const Frame& frame);
  void take_credit(const Frame& frame);
  void keep_alive_loop();
  void write_frame(FrameType type, ByteView head, ByteView payload);

  size_t read_stream(uint32_t stream, MutableBytes out);
  void write_stream(uint32_t stream, ByteView bytes);
  void end_stream(uint32_t stream);
  /// What is to be credited of `stream`, if it is time; then it is no longer to be credited. REQUIRES: mutex_ held.
  [[nodiscard]] static std::optional<Credit> take_due_credit(Stream& stream);
  void give_credit(uint32_t stream, const Credit& credit);
  [[nodiscard]] Backlog backlog(uint32_t stream);
  void wait_for_backlog(uint32_t stream, const std::function<bool(const Backlog&)>& enough);
  void abandon_stream(uint32_t stream) noexcept;
  /// A stream to write to. REQUIRES: mutex_ held. Throws if it is retired or abandoned, or if all is over.
  [[nodiscard]] Stream& writable_stream(uint32_t stream);
  /// Begun if it is not. REQUIRES: mutex_ held. Throws if it is retired or all is over.
  [[nodiscard]] Stream& live_stream(uint32_t stream);
  [[nodiscard]] Stream& begun(uint32_t stream);
  void end_all(std::optional<Error> error);

  std::unique_ptr<Channel> channel_;
  std::string label_;
  const uint32_t window_;
  Handlers handlers_;

  std::mutex write_mutex_;
  Clock::time_point last_write_;  ///< guarded by write_mutex_

  std::mutex mutex_;  ///< guards all below
  std::condition_variable changed_;
  std::map<uint32_t, Stream> streams_;
  uint32_t first_live_ = 0;
  std::optional<Error> retire_reason_, error_;
  bool over_ = false, over_reported_ = false;

  std::thread reader_, keeper_;
};

}  // namespace docker_sync
