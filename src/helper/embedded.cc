// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "helper/embedded.h"

#include "helper_hash.h"

// The build says where the binary is; the assembler puts it into the read-only data.
__asm__(
    ".section .rodata\n"
    ".balign 16\n"
    ".globl docker_sync_helper_begin\n"
    "docker_sync_helper_begin:\n"
    ".incbin \"" HELPER_BINARY
    "\"\n"
    ".globl docker_sync_helper_end\n"
    "docker_sync_helper_end:\n"
    ".byte 0\n"
    ".previous\n");

extern "C" {
extern const uint8_t docker_sync_helper_begin[];
extern const uint8_t docker_sync_helper_end[];
}

namespace docker_sync {

std::span<const HelperImage> embedded_helpers() {
  static const HelperImage kHelpers[] = {
      {HELPER_MACHINE, ByteView(docker_sync_helper_begin, docker_sync_helper_end), HELPER_HASH},
  };
  return kHelpers;
}

}  // namespace docker_sync
