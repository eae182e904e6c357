// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A daemon on a unix socket that says what a test wants it to: for every request line an answer, byte for byte. It
// keeps the requests, so that a test can compare them. Each connection is served by a thread of its own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "engine/http.h"

namespace docker_sync {

/// An answer as it stands on the wire, with its length.
[[nodiscard]] std::string http_answer(const std::string& status, const std::string& body);
/// One body in several chunks.
[[nodiscard]] std::string chunked_answer(const std::vector<std::string>& chunks);

class FakeDaemon {
 public:
  struct Answer {
    std::string bytes;
    bool cut = false;            ///< close the connection behind it
    size_t after_body = SIZE_MAX;  ///< answer when so many bytes of the request's body have come, or it is complete
  };
  struct Request {
    std::string head;
    std::string body;            ///< without chunk framing
    bool complete = false;       ///< the body came to its end
  };

  FakeDaemon();
  ~FakeDaemon();
  FakeDaemon(FakeDaemon&&) = delete;

  /// What to say to "GET /path". Several answers for one line are given in turn, the last one for ever.
  void on(const std::string& line, Answer answer);
  void on(const std::string& line, const std::string& status, const std::string& body) {
    on(line, Answer{http_answer(status, body)});
  }

  [[nodiscard]] HttpClient::Connect connect() const;
  [[nodiscard]] const std::string& path() const { return path_; }

  /// Stops, so that nothing changes any more, and tells what was asked: the request lines, in order.
  [[nodiscard]] std::vector<std::string> lines();
  [[nodiscard]] std::vector<Request> requests();
  [[nodiscard]] size_t connections();

 private:
  void accept_all();
  void serve(const Fd& socket);
  [[nodiscard]] Answer next_answer(const std::string& line);
  void stop();

  std::string folder_, path_;
  Fd listener_;
  std::mutex mutex_;
  std::map<std::string, std::vector<Answer>> answers_;
  std::vector<Request> requests_;
  std::vector<std::thread> serving_;
  std::vector<std::shared_ptr<Fd>> sockets_;
  std::thread accepting_;
};

}  // namespace docker_sync
