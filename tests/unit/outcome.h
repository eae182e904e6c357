// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// How something ended, for tests of what it refuses.
#pragma once

#include "base/error.h"

namespace docker_sync {

/// Runs `work`: fine, or its Error's code.
ExitCode outcome(auto work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::ok;
}

}  // namespace docker_sync
