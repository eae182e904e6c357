// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "helper/embedded.h"

// helpers.inc is the build's: HELPER(machine, "file", size, "hash") for each helper. The assembler puts the compressed
// files into the read-only data.
#define HELPER(machine, file, size, hash)                      \
  __asm__(                                                     \
      ".section .rodata\n"                                     \
      ".globl docker_sync_helper_" #machine                    \
      "_begin\n"                                               \
      "docker_sync_helper_" #machine                           \
      "_begin:\n"                                              \
      ".incbin \"" file                                        \
      "\"\n"                                                   \
      ".globl docker_sync_helper_" #machine                    \
      "_end\n"                                                 \
      "docker_sync_helper_" #machine                           \
      "_end:\n"                                                \
      ".byte 0\n"                                              \
      ".previous\n");                                          \
  extern "C" {                                                 \
  extern const uint8_t docker_sync_helper_##machine##_begin[]; \
  extern const uint8_t docker_sync_helper_##machine##_end[];   \
  }
#include "helpers.inc"
#undef HELPER

namespace docker_sync {

std::span<const HelperImage> embedded_helpers() {
#define HELPER(machine, file, size, hash) \
  {#machine, ByteView(docker_sync_helper_##machine##_begin, docker_sync_helper_##machine##_end), size, hash},
  static const HelperImage kHelpers[] = {
#include "helpers.inc"
  };
#undef HELPER
  return kHelpers;
}

}  // namespace docker_sync
