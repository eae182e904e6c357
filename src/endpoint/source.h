// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The source's half of one sync: opens the image, and streams what the destination cannot make for itself. Three
// threads in a row, each fed by the one before: the engine's archive becomes layers in spools; layers are split into
// skeleton and contents, which are offered; answers turn into contents sent.
#pragma once

#include "base/spool.h"
#include "endpoint/known_configs.h"
#include "endpoint/layer_cache.h"
#include "endpoint/progress_reporter.h"
#include "engine/engine.h"
#include "wire/connection.h"

namespace docker_sync {

/// Returns when the destination has all it asked for, or, where the request says so, when the link turns out to be
/// slow. Throws the first error of any thread; then the streams of this sync are retired. Scratch: as read_layers() of
/// the layers to send and of the shared basis. Memory: two stream windows, the zstd windows, one signature, and 16
/// bytes per content.
[[nodiscard]] Sent send_image(Connection& connection, Engine& engine, const SpoolSpace& space,
                              ProgressReporter& progress, const LayerCache& cache, const KnownConfigs& known_configs,
                              const Send& request);

}  // namespace docker_sync
