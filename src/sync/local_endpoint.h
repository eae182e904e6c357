// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The local side of a sync: the helper's code in threads of this program, over a socket pair instead of SSH.
#pragma once

#include <future>
#include <memory>

#include "base/channel.h"
#include "endpoint/serve.h"

namespace docker_sync {

class LocalEndpoint {
 public:
  explicit LocalEndpoint(ServeOptions options);
  LocalEndpoint(LocalEndpoint&&) = default;

  /// The controller's end, once.
  [[nodiscard]] std::unique_ptr<Channel> take_channel() { return std::move(channel_); }

  /// After the controller's end was closed: waits until what was not committed is undone. If the engine is only being
  /// read, that is at once, and the thread is left to the end of the process.
  void wait();

 private:
  std::unique_ptr<Channel> channel_;
  std::future<void> settled_;
};

}  // namespace docker_sync
