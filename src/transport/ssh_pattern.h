// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The patterns and lists of ssh_config and known_hosts. fnmatch(3) was rejected: it knows more than ssh does.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace docker_sync {

/// ssh's own patterns: * and ?. Case matters.
[[nodiscard]] bool matches_pattern(std::string_view text, std::string_view pattern);

/// A list in which a pattern after '!' that matches ends all hope.
[[nodiscard]] bool matches_pattern_list(std::string_view text, std::span<const std::string> patterns);

/// Splits at commas.
[[nodiscard]] std::vector<std::string> split_commas(std::string_view text);

/// ASCII only.
[[nodiscard]] std::string to_lower(std::string_view text);

}  // namespace docker_sync
