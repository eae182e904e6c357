// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "fake_daemon.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cassert>
#include <cstdlib>
#include <cstring>

namespace docker_sync {

namespace {

/// What of one connection has been read and not been used.
class Reader {
 public:
  explicit Reader(const Fd& socket) : socket_(&socket) {}

  /// Up to and with `end`; empty at the end of the connection.
  std::string until(const std::string& end) {
    size_t at = 0;
    while ((at = have_.find(end)) == have_.npos) {
      if (!more()) return {};
    }
    return take(at + end.size());
  }
  std::string exactly(size_t count) {
    while (have_.size() < count) {
      if (!more()) return {};
    }
    return take(count);
  }

 private:
  bool more() {
    char block[65536];
    const ssize_t count = ::recv(socket_->get(), block, sizeof block, 0);
    if (count <= 0) return false;
    have_.append(block, static_cast<size_t>(count));
    return true;
  }
  std::string take(size_t count) {
    std::string taken = have_.substr(0, count);
    have_.erase(0, count);
    return taken;
  }

  const Fd* socket_;
  std::string have_;
};

void read_chunks(Reader& reader, FakeDaemon::Request& request, size_t enough) {
  while (request.body.size() < enough) {
    const std::string length = reader.until("\r\n");
    if (length.empty()) return;
    const size_t count = std::stoul(length, nullptr, 16);
    const std::string chunk = reader.exactly(count + 2);
    if (chunk.empty()) return;
    request.body.append(chunk, 0, count);
    if (count == 0) {
      request.complete = true;
      return;
    }
  }
}

}  // namespace

std::string http_answer(const std::string& status, const std::string& body) {
  return fmt::format("HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", status,
                     body.size(), body);
}

std::string chunked_answer(const std::vector<std::string>& chunks) {
  std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& chunk : chunks) answer += fmt::format("{:x}\r\n{}\r\n", chunk.size(), chunk);
  return answer + "0\r\n\r\n";
}

FakeDaemon::FakeDaemon() {
  const char* base = std::getenv("TMPDIR");
  folder_ = std::string(base != nullptr ? base : "/tmp") + "/fake-daemon-XXXXXX";
  [[maybe_unused]] const char* made = ::mkdtemp(folder_.data());
  assert(made != nullptr);
  path_ = folder_ + "/docker.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  [[maybe_unused]] int failed =
      ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  assert(failed == 0);
  failed = ::listen(listener_.get(), 16);
  assert(failed == 0);
  accepting_ = std::thread([this] { accept_all(); });
}

FakeDaemon::~FakeDaemon() {
  stop();
  ::unlink(path_.c_str());
  ::rmdir(folder_.c_str());
}

void FakeDaemon::stop() {
  if (!accepting_.joinable()) return;
  ::shutdown(listener_.get(), SHUT_RDWR);
  accepting_.join();
  for (const auto& socket : sockets_) ::shutdown(socket->get(), SHUT_RD);
  for (std::thread& thread : serving_) thread.join();
}

void FakeDaemon::on(const std::string& line, Answer answer) {
  const std::lock_guard lock(mutex_);
  answers_[line].push_back(std::move(answer));
}

HttpClient::Connect FakeDaemon::connect() const {
  return [path = path_] { return connect_unix(path); };
}

void FakeDaemon::accept_all() {
  while (true) {
    auto socket = std::make_shared<Fd>(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!*socket) return;
    sockets_.push_back(socket);
    serving_.emplace_back([this, socket] { serve(*socket); });
  }
}

FakeDaemon::Answer FakeDaemon::next_answer(const std::string& line) {
  const std::lock_guard lock(mutex_);
  const auto found = answers_.find(line);
  if (found == answers_.end()) return {http_answer("500 Unexpected", R"({"message":"nobody expected )" + line + "\"}")};
  auto& answers = found->second;
  Answer answer = answers.front();
  if (answers.size() > 1) answers.erase(answers.begin());
  return answer;
}

void FakeDaemon::serve(const Fd& socket) {
  Reader reader(socket);
  while (true) {
    Request request{reader.until("\r\n\r\n")};
    if (request.head.empty()) return;
    const std::string line = request.head.substr(0, request.head.find(" HTTP/1.1"));
    const Answer answer = next_answer(line);
    if (request.head.find("Transfer-Encoding: chunked") != request.head.npos) {
      read_chunks(reader, request, answer.after_body);
    }
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    std::string_view rest = answer.bytes;
    while (!rest.empty()) {
      const ssize_t count = ::send(socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      rest.remove_prefix(static_cast<size_t>(count));
    }
    if (answer.cut) {
      ::shutdown(socket.get(), SHUT_RDWR);
      return;
    }
  }
}

std::vector<FakeDaemon::Request> FakeDaemon::requests() {
  stop();
  return requests_;
}

std::vector<std::string> FakeDaemon::lines() {
  std::vector<std::string> lines;
  for (const Request& request : requests()) lines.push_back(request.head.substr(0, request.head.find(" HTTP/1.1")));
  return lines;
}

size_t FakeDaemon::connections() {
  stop();
  return sockets_.size();
}

}  // namespace docker_sync
