// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// One large content's parts, worked on side by side.
#pragma once

#include <cstdint>
#include <functional>

namespace docker_sync {

/// Calls work(number, begin, end) for each part of [0, size), which all begin at a multiple of `unit`: part 0 in this
/// thread, others in threads of their own, four parts at most, and none of them small. Nothing is part 0, too.
void in_parts(uint64_t size, uint64_t unit, const std::function<void(size_t, uint64_t, uint64_t)>& work);

inline constexpr size_t kMostParts = 4;

}  // namespace docker_sync
