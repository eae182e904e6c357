// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What a path says about which old file a new one was made from: its name without versions and content hashes, and the
// folders it lies in. Kept as short hashes, since a basis may hold millions of paths: a collision picks a useless
// basis for one file, which costs bytes and nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace docker_sync {

/// One component of a path with each version number and content hash in it replaced by '#':
/// "libfoo-1.2.so.3" -> "libfoo-#.so.#", "main.8f3a2b.js" -> "main.#.js", "1.2.3" -> "#", "stdio.h" -> "stdio.h".
[[nodiscard]] std::string without_versions(std::string_view component);

struct PathKey {
  uint32_t path = 0;      ///< the whole path
  uint32_t stripped = 0;  ///< the whole path without versions
  uint32_t name = 0;      ///< the last component without versions
  /// The nearest two folders that say something (not "__pycache__" or "dist"), without versions; 0 where there is none.
  std::array<uint16_t, 2> folders{};
  bool operator==(const PathKey&) const = default;
};

/// "./a//b", "/a/b" and "a/b" are one path.
[[nodiscard]] PathKey path_key(std::string_view path);

/// How much the name of a file alone tells.
enum class Naming : uint8_t {
  distinctive,  ///< "libpq.so.5.15"
  generic,      ///< "__init__.py", "README.md": found in every package
  nameless,     ///< "8f3a2b91.js": nothing is left without the hash
};
[[nodiscard]] Naming naming(std::string_view path);

}  // namespace docker_sync
