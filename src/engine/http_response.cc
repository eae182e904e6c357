// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/http_response.h"

#include <fmt/format.h>

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cassert>
#include <cstring>
#include <limits>

namespace docker_sync {

namespace {

namespace http = boost::beast::http;

constexpr size_t kBufferBytes = 64 << 10;
constexpr uint32_t kMaxHeadBytes = 32 << 10;

[[noreturn]] void throw_not_http(const std::string& reason) {
  throw Error(ExitCode::engine, "the engine's answer is not HTTP (" + reason + ")",
              "is it really Docker that listens there?");
}

}  // namespace

struct HttpResponse::State {
  http::response_parser<http::buffer_body> parser;
  Bytes buffer = Bytes(kBufferBytes);
  size_t begin = 0, end = 0;  ///< what of the buffer has come and is not parsed yet
};

HttpResponse::HttpResponse(EngineStream& stream) : stream_(&stream), state_(std::make_unique<State>()) {
  state_->parser.header_limit(kMaxHeadBytes);
  // Whoever reads the body bounds it. Not boost::none: Beast 1.74 then finds every Content-Length too large.
  state_->parser.body_limit(std::numeric_limits<uint64_t>::max());
}

HttpResponse::~HttpResponse() = default;

bool HttpResponse::has_head() const { return state_->parser.is_header_done(); }
bool HttpResponse::ended() const { return state_->parser.is_done(); }
unsigned HttpResponse::status() const { return state_->parser.get().result_int(); }
std::string HttpResponse::field(std::string_view name) const {
  const auto value = state_->parser.get()[{name.data(), name.size()}];
  return {value.data(), value.size()};
}
bool HttpResponse::keeps_alive() const { return state_->parser.keep_alive() && state_->begin == state_->end; }

/// Hands buffered bytes to the parser, which puts body bytes into `out` and shortens it by them. False if nothing
/// happens before more has come.
bool HttpResponse::parse(MutableBytes& out) {
  State& s = *state_;
  if (s.begin == s.end) return false;
  auto& body = s.parser.get().body();
  body.data = out.data();
  body.size = out.size();
  body.more = true;
  boost::system::error_code failure;
  const size_t used = s.parser.put(boost::asio::buffer(s.buffer.data() + s.begin, s.end - s.begin), failure);
  const size_t made = out.size() - body.size;
  s.begin += used;
  out = out.subspan(made);
  if (failure && failure != http::error::need_more && failure != http::error::need_buffer) {
    throw_not_http(failure.message());
  }
  return used > 0;
}

/// Reads once from the connection. False if nothing has come.
bool HttpResponse::fill() {
  State& s = *state_;
  if (s.begin > 0) {
    std::memmove(s.buffer.data(), s.buffer.data() + s.begin, s.end - s.begin);
    s.end -= s.begin;
    s.begin = 0;
  }
  if (s.end == s.buffer.size()) throw_not_http("a line is too long");
  const auto count = stream_->read_some(MutableBytes(s.buffer).subspan(s.end));
  if (!count) return false;
  s.end += *count;
  if (*count == 0) {
    // Only a body that is delimited by the end of the connection is complete now.
    if (!s.parser.got_some()) throw EngineGone();  // put_eof() would assert
    boost::system::error_code failure;
    s.parser.put_eof(failure);
    if (failure || !s.parser.is_done()) throw EngineGone();
  }
  return true;
}

std::optional<size_t> HttpResponse::take(MutableBytes out) {
  assert(!out.empty());
  const size_t wanted = out.size();
  while (!ended()) {
    if (!parse(out) && out.size() == wanted && !fill()) return std::nullopt;
    if (out.size() < wanted) return wanted - out.size();
  }
  return wanted - out.size();
}

void HttpResponse::wait(Timeout timeout) {
  if (stream_->wait(EngineStream::Wait::reading, timeout)) return;
  throw Error(ExitCode::engine,
              fmt::format("the engine has not answered for {} s",
                          std::chrono::duration_cast<std::chrono::seconds>(*timeout).count()),
              "see the daemon's log");
}

void HttpResponse::await_head(Timeout timeout) {
  while (!has_head()) {
    MutableBytes nothing;
    if (!parse(nothing) && !fill()) wait(timeout);
  }
}

size_t HttpResponse::read(MutableBytes out, Timeout timeout) {
  while (true) {
    if (const auto count = take(out)) return *count;
    wait(timeout);
  }
}

}  // namespace docker_sync
