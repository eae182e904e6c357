// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What a process that may not open the files of a store and one that may say to each other. Both are ours and of one
// source, so there is one version; lengths are looked at before anything is allocated all the same.
//
//   question := u8 word, u64 offset, u32 count, u32 size of the folder's path, u32 size of the file's in it, both paths
//   answer   := u32 errno or 0, u64 size of the file, u32 count, count bytes; little-endian, and with 0 an open file
//
//   word     of what                      answered with
//   folder   the folder                   it, open for its path alone
//   file     the file in it               it, open for reading
//   bytes    likewise, count of offset    its bytes, for a link that takes no files: of a folder nothing is given there
//
// There is one answer to each question, in their order.
#pragma once

#include <optional>
#include <string>

#include "store/file_link.h"

namespace docker_sync {

namespace file_limits {
inline constexpr size_t kPaths = 64 << 10;  ///< of both together
inline constexpr size_t kBytes = 512 << 10;
}  // namespace file_limits

enum class FileWord : uint8_t { folder = 1, file = 2, bytes = 3 };

struct FileQuestion {
  FileWord word{};
  std::string folder, file;
  uint64_t offset = 0;
  uint32_t count = 0;
};

struct FileAnswer {
  int error = 0;
  uint64_t size = 0;
  Bytes bytes;
  Fd file;
};

/// Throw as FileLink.
void send(FileLink& link, const FileQuestion& question);
void send(FileLink& link, const FileAnswer& answer);

/// Nothing at the end. Throw ExitCode::protocol where lengths are out of range, or the end is within one; and as
/// FileLink.
[[nodiscard]] std::optional<FileQuestion> receive_question(FileLink& link);
[[nodiscard]] std::optional<FileAnswer> receive_answer(FileLink& link);

}  // namespace docker_sync
