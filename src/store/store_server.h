// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A store for somebody who may not read it: the side that may. The other one is remote_store.h.
#pragma once

#include "base/channel.h"
#include "store/layer_store.h"

namespace docker_sync {

/// Answers until the channel ends. Four threads, so that a layer which takes long to open holds up no other. Memory: a
/// block of store_limits::kRead for each, and what the layers that are open take. Throws ExitCode::protocol on a
/// question that may not be asked, what the channel throws, and no error of the store: those are answers.
void serve_store(Channel& channel, LayerStore& store);

}  // namespace docker_sync
