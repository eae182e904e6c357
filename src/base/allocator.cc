// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/allocator.h"

#include <malloc.h>

namespace docker_sync {

void return_memory_early() {
#ifdef __GLIBC__
  // Setting the threshold also keeps it from rising to the size of whatever was freed last.
  ::mallopt(M_MMAP_THRESHOLD, 256 << 10);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 20);
  ::mallopt(M_ARENA_MAX, 2);
#endif
}

}  // namespace docker_sync
