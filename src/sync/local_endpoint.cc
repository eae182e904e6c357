// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "sync/local_endpoint.h"

#include <thread>

#include "base/error.h"
#include "base/fd_channel.h"
#include "base/log.h"

namespace docker_sync {

LocalEndpoint::LocalEndpoint(ServeOptions options) {
  ChannelPair pair = make_channel_pair();
  channel_ = std::move(pair.first);
  auto settled = std::make_shared<std::promise<void>>();
  settled_ = settled->get_future();
  auto settle = [settled, done = std::make_shared<std::once_flag>()] {
    std::call_once(*done, [&] { settled->set_value(); });
  };
  options.nothing_to_undo = settle;
  std::thread([channel = std::move(pair.second), options = std::move(options), settle]() mutable {
    try {
      serve(std::move(channel), options);
    } catch (const std::exception& error) {
      verbose(std::string("the local endpoint ended: ") + error.what());
    }
    settle();
  }).detach();
}

void LocalEndpoint::wait() { settled_.wait(); }

}  // namespace docker_sync
