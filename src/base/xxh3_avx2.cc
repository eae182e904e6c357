// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Compiled for AVX2: nothing may be included here of which other files could get their copy of an inline function.
#include "base/xxh3_avx2.h"

#include <xxhash.h>

#if XXH_VECTOR != XXH_AVX2
#error "xxHash does not take the AVX2 for which this file is compiled"
#endif

namespace docker_sync {

void update_xxh3_avx2(void* state, const void* bytes, size_t size) noexcept {
  XXH3_128bits_update(static_cast<XXH3_state_t*>(state), bytes, size);
}

}  // namespace docker_sync
