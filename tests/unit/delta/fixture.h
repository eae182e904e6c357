// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What most tests of this room need.
#pragma once

#include <cstdint>
#include <random>

#include "base/bytes.h"
#include "outcome.h"

namespace docker_sync {

/// Random bytes, the same for the same seed.
inline Bytes noise(size_t size, uint32_t seed, uint8_t mask = 0xff) {
  std::mt19937 random(seed);
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() & mask);
  return bytes;
}

/// Of few values, so that they neither repeat as blocks nor look uniform.
inline Bytes coarse_noise(size_t size, uint32_t seed) { return noise(size, seed, 0x3f); }

}  // namespace docker_sync
