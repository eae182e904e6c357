// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// One HTTP/1.1 response as it arrives on a connection, parsed by Boost.Beast, which this file keeps out of every other
// translation unit. It can be read waiting, or by looking what has come (take), as a sender does between two writes.
// Memory: one buffer of 64 KiB, which also bounds the head.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/io.h"
#include "engine/engine_stream.h"

namespace docker_sync {

class HttpResponse {
 public:
  using Timeout = std::optional<std::chrono::milliseconds>;

  /// `stream` must outlive it.
  explicit HttpResponse(EngineStream& stream);
  ~HttpResponse();

  /// Waits for the head. Throws EngineGone if the connection ends before it, ExitCode::engine on anything that is not
  /// HTTP or when nothing has come for `timeout`.
  void await_head(Timeout timeout);
  /// Body bytes, at least one; 0 at the end of the body. Throws as await_head(), a body that is cut short included.
  [[nodiscard]] size_t read(MutableBytes out, Timeout timeout);
  /// The same without waiting: nothing if more must arrive first. Takes the head, too.
  [[nodiscard]] std::optional<size_t> take(MutableBytes out);

  [[nodiscard]] bool has_head() const;
  [[nodiscard]] bool ended() const;       ///< head and body are complete
  [[nodiscard]] unsigned status() const;  ///< REQUIRES: has_head()
  /// What its head says under that name; empty where it does not. REQUIRES: has_head()
  [[nodiscard]] std::string field(std::string_view name) const;
  /// Another request may follow on this connection. REQUIRES: ended().
  [[nodiscard]] bool keeps_alive() const;

 private:
  struct State;

  bool parse(MutableBytes& out);
  [[nodiscard]] bool fill();
  void wait(Timeout timeout);

  EngineStream* stream_;
  std::unique_ptr<State> state_;
};

}  // namespace docker_sync
