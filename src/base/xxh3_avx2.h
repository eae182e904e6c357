// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace docker_sync {

/// XXH3_128bits_update() with AVX2, several times as fast as with what every x86-64 has, for a CPU that has it. The state
/// is an XXH3_state_t, and stays one that either variant may go on with.
void update_xxh3_avx2(void* state, const void* bytes, size_t size) noexcept;

}  // namespace docker_sync
