// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The part of an HTTP/1.1 client that an engine's API needs: small questions on a connection that is kept, one answer
// that streams out (save), one body that streams in (load). Requests are a handful of fixed lines and are written
// here; what comes from the other side is parsed by Beast (http_response.h).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/io.h"
#include "engine/engine_stream.h"
#include "engine/http_response.h"

namespace docker_sync {

struct HttpReply {
  unsigned status = 0;
  std::string body;
  std::string newest_api;  ///< that the daemon speaks, "1.41"; Api-Version
  std::string server;      ///< "Docker/20.10.24 (linux)"; Server
  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
};

/// The answer to one GET, as it comes. Reading waits as long as it takes: a daemon may spool for minutes first.
class HttpDownload : public Source {
 public:
  HttpDownload(std::unique_ptr<EngineStream> connection, const std::string& request);

  /// Waits for the head.
  [[nodiscard]] unsigned status();
  /// Throws EngineGone if the body breaks off.
  [[nodiscard]] size_t read(MutableBytes out) override;

 private:
  std::unique_ptr<EngineStream> connection_;
  HttpResponse response_;
};

class HttpClient {
 public:
  using Connect = std::function<std::unique_ptr<EngineStream>()>;

  /// `connect` opens one more connection to the engine; it throws if it cannot.
  explicit HttpClient(Connect connect) : connect_(std::move(connect)) {}

  /// A small question and its whole answer. May be called by several threads, one waits for the other. It must be a
  /// question that may be repeated: a kept connection can turn out to be closed. Throws ExitCode::engine when nothing
  /// comes for two minutes or the answer is larger than 64 MiB.
  [[nodiscard]] HttpReply exchange(std::string_view method, const std::string& target);

  /// Asks on a connection of its own.
  [[nodiscard]] std::unique_ptr<HttpDownload> download(const std::string& target);

  /// POSTs `body` in chunks on a connection of its own and hands the answer's body to `answer` as it comes, while it is
  /// still sending, too. An answer that is an error, or complete, ends the sending; an error's text is returned, not
  /// handed to `answer`. If body.read() throws, the request is left unfinished, the engine is given ten seconds to drop
  /// it, and the exception goes on; what `answer` throws ends the exchange at once. Memory: two blocks of 128 KiB.
  [[nodiscard]] HttpReply upload(const std::string& target, std::string_view content_type, Source& body, Sink& answer);

 private:
  [[nodiscard]] HttpReply exchange_on(std::unique_ptr<EngineStream> connection, const std::string& request);

  Connect connect_;
  std::mutex mutex_;
  std::unique_ptr<EngineStream> kept_;  ///< idle, if any
};

/// `text` with all but letters, digits and -._~ as %XX; `also` names further characters to leave alone.
[[nodiscard]] std::string percent_encode(std::string_view text, std::string_view also = {});

}  // namespace docker_sync
