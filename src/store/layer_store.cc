// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/layer_store.h"

#include "base/error.h"

namespace docker_sync {

void throw_damaged_store(const std::string& what) {
  throw Error(ExitCode::verification, "the engine's store is damaged: " + what,
              "try again; if it stays so, pull or build the image again on that host");
}

}  // namespace docker_sync
