// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/skeleton.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "image/tar_header.h"

namespace docker_sync {

namespace {

/// The value of the last `key` in pax records ("LENGTH KEY=VALUE\n", LENGTH counting itself), or nothing.
std::string_view pax_value(std::string_view records, std::string_view key) {
  std::string_view value;
  while (!records.empty()) {
    size_t size = 0;
    const auto [end, error] = std::from_chars(records.data(), records.data() + records.size(), size);
    const auto digits = static_cast<size_t>(end - records.data());
    if (error != std::errc() || size > records.size() || size < digits + 2 || records[digits] != ' ') break;
    const std::string_view record = records.substr(digits + 1, size - digits - 2);
    if (record.starts_with(key) && record.substr(key.size()).starts_with('=')) value = record.substr(key.size() + 1);
    records.remove_prefix(size);
  }
  return value;
}

/// What a special header says of the path of the file after it; empty if nothing.
std::string_view told_path(const TarHeader& header, std::string_view body) {
  if (header.type == 'L') return body.substr(0, body.find('\0'));
  if (header.type != 'x') return {};
  const std::string_view sparse = pax_value(body, "GNU.sparse.name");
  return sparse.empty() ? pax_value(body, "path") : sparse;
}

/// Files as all formats write them: plain, contiguous, sparse (GNU), or a hard link that carries its content (pax).
bool is_file_type(uint8_t type) { return type == '0' || type == 0 || type == '7' || type == 'S' || type == '1'; }

std::string_view without_root(std::string_view path) {
  while (path.starts_with('/') || path.starts_with("./")) path.remove_prefix(path.front() == '/' ? 1 : 2);
  return path;
}

}  // namespace

std::string content_path(ByteView gap) {
  std::string told, path;
  // Blocks are counted from the content backwards: what does not fill one is the padding of the content before.
  ByteView rest = gap.subspan(gap.size() % kTarBlock);
  while (!rest.empty()) {
    const ByteView block = rest.first(kTarBlock);
    const std::optional<TarHeader> header = parse_header(block);
    rest = rest.subspan(kTarBlock);
    if (!header) {
      if (all_zero(block)) path.clear();  // the end mark: what follows is no file
      continue;                           // else a sparse map
    }
    if (!is_special_type(header->type)) {
      path = !is_file_type(header->type) ? "" : told.empty() ? header->path() : told;
      told.clear();
      continue;
    }
    const size_t size = static_cast<size_t>(std::min<uint64_t>(header->size, rest.size()));
    const std::string_view body = as_text(rest.first(size));
    if (const std::string_view found = told_path(*header, body); !found.empty()) told = found;
    rest = rest.subspan(std::min(rest.size(), size + tar_padding(size)));
  }
  return std::string(without_root(path));
}

}  // namespace docker_sync
