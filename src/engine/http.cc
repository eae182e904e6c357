// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/http.h"

#include <fmt/format.h>

namespace docker_sync {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr milliseconds kReplyTimeout = minutes(2);
constexpr milliseconds kDropTimeout = seconds(10);
constexpr size_t kMaxReplyBytes = 64 << 20;
constexpr size_t kMaxErrorBytes = 64 << 10;
constexpr size_t kBlockBytes = 128 << 10;
constexpr size_t kChunkHeadBytes = 10;  ///< eight hexadecimal digits, CR, LF

std::string request_head(std::string_view method, const std::string& target, std::string_view more = {}) {
  return fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: docker-sync\r\n{}\r\n", method, target, more);
}

void send(EngineStream& connection, std::string_view text) {
  ByteView rest = as_bytes(text);
  while (!rest.empty()) {
    if (const auto count = connection.write_some(rest)) {
      rest = rest.subspan(*count);
    } else {
      (void)connection.wait(EngineStream::Wait::writing, std::nullopt);
    }
  }
}

std::string read_text(HttpResponse& response, size_t limit) {
  std::string text;
  Bytes block(16 << 10);
  while (const size_t count = response.read(block, kReplyTimeout)) {
    text.append(as_text(ByteView(block).first(count)));
    if (text.size() > limit) {
      throw Error(ExitCode::engine, fmt::format("the engine's answer is larger than {} bytes", limit));
    }
  }
  return text;
}

/// One POST: sends a body while it listens to the answer.
class Upload {
 public:
  Upload(EngineStream& connection, Sink& answer)
      : connection_(&connection), answer_(&answer), response_(connection), block_(kBlockBytes) {}

  /// False if sending more would be of no use.
  [[nodiscard]] bool send(ByteView bytes) {
    while (!bytes.empty()) {
      const auto wait = response_.ended() ? EngineStream::Wait::writing : EngineStream::Wait::both;
      (void)connection_->wait(wait, std::nullopt);
      listen();
      if (response_.ended() || refused()) return false;
      try {
        bytes = bytes.subspan(connection_->write_some(bytes).value_or(0));
      } catch (const EngineGone&) {
        return false;  // the reason may wait to be read
      }
    }
    return true;
  }

  /// Waits for the rest of the answer.
  [[nodiscard]] HttpReply finish(HttpResponse::Timeout timeout) {
    response_.await_head(timeout);
    while (const size_t count = response_.read(block_, timeout)) hand_on(count);
    return {response_.status(), std::move(error_)};
  }

 private:
  [[nodiscard]] bool refused() const { return response_.has_head() && response_.status() >= 300; }

  void listen() {
    while (!response_.ended()) {
      const auto count = response_.take(block_);
      if (!count) return;
      hand_on(*count);
    }
  }

  void hand_on(size_t count) {
    const ByteView bytes = ByteView(block_).first(count);
    if (!refused()) {
      answer_->write(bytes);
    } else if (error_.size() < kMaxErrorBytes) {
      error_.append(as_text(bytes));
    }
  }

  EngineStream* connection_;
  Sink* answer_;
  HttpResponse response_;
  Bytes block_;
  std::string error_;
};

/// The body could not be read to its end. The engine sees the request cut off and drops it; waiting for its answer
/// means that nothing of the load goes on behind the back of whoever cleans up now.
void abandon(EngineStream& connection, Upload& upload) noexcept {
  try {
    connection.finish_writing();
    (void)upload.finish(kDropTimeout);
  } catch (const std::exception&) {
    // The exception that brought us here says more.
  }
}

}  // namespace

HttpDownload::HttpDownload(std::unique_ptr<EngineStream> connection, const std::string& request)
    : connection_(std::move(connection)), response_(*connection_) {
  send(*connection_, request);
}

unsigned HttpDownload::status() {
  response_.await_head(std::nullopt);
  return response_.status();
}

size_t HttpDownload::read(MutableBytes out) { return response_.read(out, std::nullopt); }

HttpReply HttpClient::exchange_on(std::unique_ptr<EngineStream> connection, const std::string& request) {
  send(*connection, request);
  HttpResponse response(*connection);
  response.await_head(kReplyTimeout);
  HttpReply reply{response.status(), read_text(response, kMaxReplyBytes), response.field("Api-Version"),
                  response.field("Server")};
  if (response.keeps_alive()) kept_ = std::move(connection);
  return reply;
}

HttpReply HttpClient::exchange(std::string_view method, const std::string& target) {
  const std::lock_guard lock(mutex_);
  const std::string request = request_head(method, target, method == "GET" ? "" : "Content-Length: 0\r\n");
  if (kept_) {
    try {
      return exchange_on(std::move(kept_), request);
    } catch (const EngineGone&) {
      // Closed while it was idle, by a daemon that was restarted perhaps: once more on a fresh one.
    }
  }
  return exchange_on(connect_(), request);
}

std::unique_ptr<HttpDownload> HttpClient::download(const std::string& target) {
  return std::make_unique<HttpDownload>(connect_(), request_head("GET", target, "Connection: close\r\n"));
}

HttpReply HttpClient::upload(const std::string& target, std::string_view content_type, Source& body, Sink& answer) {
  const auto connection = connect_();
  Upload upload(*connection, answer);
  const auto head = request_head(
      "POST", target,
      fmt::format("Content-Type: {}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n", content_type));
  bool wanted = upload.send(as_bytes(head));
  Bytes block(kChunkHeadBytes + kBlockBytes + 2);
  while (wanted) {
    size_t count = 0;
    try {
      count = body.read(MutableBytes(block).subspan(kChunkHeadBytes, kBlockBytes));
    } catch (...) {
      abandon(*connection, upload);
      throw;
    }
    // A length of eight digits, so that a chunk can be put together in place and sent as one run of bytes.
    fmt::format_to(block.data(), "{:08x}\r\n", count);
    block[kChunkHeadBytes + count] = '\r';
    block[kChunkHeadBytes + count + 1] = '\n';
    wanted = upload.send(ByteView(block).first(kChunkHeadBytes + count + 2)) && count > 0;
  }
  return upload.finish(std::nullopt);
}

std::string percent_encode(std::string_view text, std::string_view also) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char c : text) {
    if (kPlain.find(c) != kPlain.npos || also.find(c) != also.npos) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace docker_sync
