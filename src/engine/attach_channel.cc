// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/attach_channel.h"

#include <fmt/format.h>

#include "base/error.h"
#include "engine/docker_answers.h"

namespace docker_sync {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kHeadTimeout = std::chrono::seconds(60);
constexpr size_t kMaxHeadBytes = 64 << 10;
constexpr size_t kBlockBytes = 64 << 10;
constexpr std::string_view kHeadEnd = "\r\n\r\n";

void write_whole(EngineStream& stream, ByteView bytes, std::atomic<uint64_t>& sent) {
  while (!bytes.empty()) {
    if (const auto count = stream.write_some(bytes)) {
      sent += *count;
      bytes = bytes.subspan(*count);
    } else {
      (void)stream.wait(EngineStream::Wait::writing, std::nullopt);
    }
  }
}

/// 101 where the daemon understands the upgrade; 200 from those that take the connection over without a word.
bool is_taken_over(std::string_view head) {
  return head.starts_with("HTTP/1.1 101") || head.starts_with("HTTP/1.1 200");
}

}  // namespace

AttachChannel::AttachChannel(std::unique_ptr<EngineStream> stream, const std::string& target)
    : stream_(std::move(stream)), block_(kBlockBytes) {
  const std::string request = fmt::format(
      "POST {} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: docker-sync\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
      "Content-Length: 0\r\n\r\n",
      target);
  write_whole(*stream_, as_bytes(request), sent_);
  std::string head;
  size_t end = head.npos;
  while ((end = head.find(kHeadEnd)) == head.npos) {
    const auto count = stream_->read_some(block_);
    if (!count) {
      if (!stream_->wait(EngineStream::Wait::reading, kHeadTimeout)) {
        throw Error(ExitCode::engine, "the daemon does not answer", "see the daemon's log");
      }
      continue;
    }
    if (*count == 0) throw EngineGone();
    received_ += *count;
    head.append(as_text(ByteView(block_).first(*count)));
    if (head.size() > kMaxHeadBytes) throw Error(ExitCode::engine, "the daemon's answer has no end");
  }
  const std::string body = head.substr(end + kHeadEnd.size());
  if (!is_taken_over(head)) {
    throw Error(ExitCode::engine, "the daemon does not attach to the container: " +
                                      (body.empty() ? head.substr(0, head.find('\r')) : error_message(body)));
  }
  decoder_.feed(as_bytes(body));
}

AttachChannel::Came AttachChannel::receive(milliseconds time) {
  while (!closed_) {
    if (const auto count = stream_->read_some(block_)) {
      received_ += *count;
      if (*count == 0) return Came::end;
      const std::lock_guard lock(mutex_);
      decoder_.feed(ByteView(block_).first(*count));
      return Came::bytes;
    }
    if (!stream_->wait(EngineStream::Wait::reading, time)) return Came::nothing;
  }
  return Came::end;
}

bool AttachChannel::await_output(milliseconds time) {
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (decoder_.has_output()) return true;
    }
    if (receive(time) != Came::bytes) return false;
  }
}

size_t AttachChannel::read(MutableBytes out, milliseconds silence) {
  while (!closed_) {
    {
      const std::lock_guard lock(mutex_);
      if (const size_t count = decoder_.take(out)) return count;
    }
    switch (receive(silence)) {
      case Came::bytes:
        break;
      case Came::end:
        return 0;
      case Came::nothing:
        throw Error(ExitCode::connection,
                    fmt::format("nothing was heard from the daemon for {} s", silence.count() / 1000),
                    "check the network and try again");
    }
  }
  return 0;
}

void AttachChannel::write(ByteView bytes) {
  if (closed_) throw Error(ExitCode::connection, "the connection was closed");
  try {
    write_whole(*stream_, bytes, sent_);
  } catch (const EngineGone&) {
    throw Error(ExitCode::connection, "the helper's container takes no more", "see the daemon's log");
  }
}

void AttachChannel::close() noexcept {
  if (closed_.exchange(true)) return;
  try {
    stream_->finish_writing();
  } catch (const std::exception&) {
    // What is closed anyway need not say farewell.
  }
  stream_->close();
}

std::string AttachChannel::diagnostics() const {
  const std::lock_guard lock(mutex_);
  return decoder_.errors();
}

}  // namespace docker_sync
