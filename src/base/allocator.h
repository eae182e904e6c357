// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// How the C library keeps memory. Left alone it holds on to what large buffers took, in a heap for each thread: a sync
// of many contents ends with several times what it ever had in use.
#pragma once

namespace docker_sync {

/// Large buffers go back to the system when they are let go, and threads share heaps. To be called once, first of all.
void return_memory_early();

}  // namespace docker_sync
