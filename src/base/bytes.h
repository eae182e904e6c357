// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What every room calls a run of bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace docker_sync {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;
using MutableBytes = std::span<uint8_t>;

inline ByteView as_bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace docker_sync
