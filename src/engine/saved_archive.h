// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The stream of a save. An engine has three ways to fail here: a status instead of a stream, a stream that stops, and,
// once it has begun to send, a JSON error written behind the half of a tar. All three become Errors.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/http.h"

namespace docker_sync {

class SavedArchive : public Source {
 public:
  /// `refuse` turns an answer that is no archive into an exception; it must throw.
  using Refuse = std::function<void(const HttpReply&)>;
  SavedArchive(std::unique_ptr<HttpDownload> download, Refuse refuse);

  /// Waits as long as the engine needs; throws ExitCode::engine with the engine's words when it breaks off.
  [[nodiscard]] size_t read(MutableBytes out) override;

 private:
  void check_status();
  void check_tail() const;

  std::unique_ptr<HttpDownload> download_;
  Refuse refuse_;
  bool started_ = false;
  std::string tail_;  ///< the last 4 KiB
};

}  // namespace docker_sync
