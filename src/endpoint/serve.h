// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// One endpoint, over one channel, for one controller: the whole of the helper, and of the local side in the program.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/channel.h"
#include "endpoint/cache_folder.h"
#include "engine/engine.h"
#include "wire/limits.h"

namespace docker_sync {

struct ServeOptions {
  /// Opens the engine when it is first needed, so that a host without one says so in an answer.
  std::function<std::unique_ptr<Engine>()> open_engine;
  /// Called when the connection is over and no engine was changed; the helper then need not wait for what its engine
  /// still does, and exits. What the engine was made to start has ended by then. Optional.
  std::function<void()> nothing_to_undo;
  uint32_t stream_window = limits::kStreamWindow;     ///< the other endpoint's must be the same; smaller in tests
  std::string cache_folder = default_cache_folder();  ///< what is kept beyond the sync; empty: nothing
  std::string journal = journal_name({});             ///< its folder in there
};

/// Answers the controller until it ends the connection, then undoes what it did not commit. Throws what ended the
/// connection, if that was not the controller.
void serve(std::unique_ptr<Channel> channel, const ServeOptions& options);

}  // namespace docker_sync
