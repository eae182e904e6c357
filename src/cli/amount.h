// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Numbers as people read them: bytes, rates, ages. Pure. Bytes are decimal, as docker shows the sizes of images.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace docker_sync {

/// "1,234,567".
[[nodiscard]] std::string with_thousands(uint64_t number);

/// "0 B", "999 B", "1.2 kB", "45.6 MB", "824.0 MB": one decimal from a kilobyte on.
[[nodiscard]] std::string short_bytes(uint64_t bytes);

/// The same each second: "1.2 MB/s".
[[nodiscard]] std::string short_rate(double bytes_per_second);

/// Seconds since the epoch of an RFC 3339 time such as engines give; nothing if it is none, or before 1970, as docker
/// says of images that do not tell when they were made.
[[nodiscard]] std::optional<time_t> parse_time(std::string_view text);

/// "3 days ago", in the steps that docker takes; "in 5 minutes" where clocks differ; "-" where `created` is no time.
[[nodiscard]] std::string age_of(std::string_view created, time_t now);

}  // namespace docker_sync
