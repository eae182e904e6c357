// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Walks an engine's save archive while it streams in. Nothing is unpacked and no order assumed: docker 20.10 names its
// layers only after all of them (manifest.json comes last) and stores a repeated layer as a link.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/io.h"

namespace docker_sync {

struct ArchiveEntry {
  enum class Type { file, directory, symbolic_link, hard_link, other };

  /// As archive_path() gives it. Untrusted: a key to look up, never a file to open.
  std::string path;
  Type type = Type::file;
  /// Of links: what resolve_link() makes of it, or empty if it leads out of the archive.
  std::string link_target;
  uint64_t size = 0;
};

/// Calls `each` for every entry, in the archive's order, with a Source of its content that lives as long as the call;
/// what is not read of it is skipped. Then reads `archive` to its end. Memory: 64 KiB.
/// Throws ExitCode::engine when the archive is damaged or cut short, between two entries too; and what `archive` and
/// `each` throw.
void read_archive(Source& archive, const std::function<void(const ArchiveEntry&, Source& content)>& each);

/// A path in one form: no "." or empty parts, no slash before or behind, ".." followed. Nothing if it leads out.
[[nodiscard]] std::optional<std::string> archive_path(std::string_view path);

/// Which entry a link leads to: a symbolic link is relative to its folder, a hard link to the archive.
[[nodiscard]] std::optional<std::string> resolve_link(std::string_view path, std::string_view target, bool hard);

}  // namespace docker_sync
