// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What a host sent, made fit for a message or a terminal.
#pragma once

#include <string>
#include <string_view>

namespace docker_sync {

/// At most `limit` bytes of `text`, the last ones, with runs of blanks and control characters as one space each.
[[nodiscard]] std::string printable(std::string_view text, size_t limit);

}  // namespace docker_sync
