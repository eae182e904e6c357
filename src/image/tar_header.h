// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// One 512-byte tar header as fields, and back. Layers come from Go's archive/tar, GNU tar, libarchive and Python,
// which differ in how they end a number and what they leave blank; HeaderStyle is that difference, so that most headers
// can be told as fields and rebuilt to the byte. libarchive reads all of them but hides the bytes, hence this file.
// Source: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace docker_sync {

inline constexpr size_t kTarBlock = 512;

/// Widths of the text fields, in bytes. A text that fills its field has no NUL.
inline constexpr size_t kTarName = 100, kTarLink = 100, kTarUser = 32, kTarGroup = 32, kTarPrefix = 155;

/// How a writer lays out its headers.
struct HeaderStyle {
  enum class Magic : uint8_t { none = 0, posix = 1, gnu = 2 };
  Magic magic = Magic::gnu;
  bool spaced = false;        ///< numbers end in a space (libarchive), not in a NUL (GNU tar, Go, Python)
  bool blank_device = false;  ///< device numbers of what is no device are NULs, not "0000000"

  bool operator==(const HeaderStyle&) const = default;
};

/// A header of more headers: pax records ('x', 'g') or a GNU long name or link ('L', 'K'). A body follows it.
[[nodiscard]] constexpr bool is_special_type(uint8_t type) {
  return type == 'x' || type == 'g' || type == 'L' || type == 'K';
}

struct TarHeader {
  std::string name, prefix, link, user, group;
  uint64_t mode = 0, uid = 0, gid = 0, size = 0, mtime = 0, major = 0, minor = 0;
  uint8_t type = '0';
  HeaderStyle style;

  /// Prefix and name joined, as the tar has them.
  [[nodiscard]] std::string path() const { return prefix.empty() ? name : prefix + "/" + name; }
};

/// The fields of a block of 512 bytes, or nothing unless its checksum is right. A field that makes no sense reads as 0:
/// whoever needs the header to be exact compares render_header() with the block.
[[nodiscard]] std::optional<TarHeader> parse_header(ByteView block);

/// Fills a block of 512 bytes. Numbers that do not fit in octal are written base-256, as GNU tar does and all readers
/// know. REQUIRES: texts within the widths above.
void render_header(const TarHeader& header, MutableBytes block);

/// Changes the time in a header of 512 bytes, and with it the checksum; all else stays as it is.
void set_header_time(MutableBytes block, uint64_t mtime);

/// Leaves of a header of 512 bytes what does not depend on its time: the time is 0, the checksum blank. It is no header
/// that anybody reads then.
void clear_header_time(MutableBytes block);

[[nodiscard]] bool all_zero(ByteView bytes);

/// Bytes of zeros after a content of that many bytes.
[[nodiscard]] inline size_t tar_padding(uint64_t content_size) {
  return static_cast<size_t>((kTarBlock - content_size % kTarBlock) % kTarBlock);
}

}  // namespace docker_sync
