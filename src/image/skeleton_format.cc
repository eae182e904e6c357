// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/skeleton_format.h"

#include <algorithm>

namespace docker_sync::skeleton {

namespace {

/// How Go's archive/tar, and so docker, names the pax header of a file.
std::string go_pax_name(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  const size_t base = last_component(path);
  return (std::string(path.substr(0, base)) + "PaxHeaders.0/" + std::string(path.substr(base))).substr(0, kTarName);
}

}  // namespace

Guess Context::guess_path(uint8_t type) const {
  if (!is_special_type(type)) {
    if (long_path.empty()) return {last_path, last_component(last_path)};
    return {long_path, std::min(long_path.size(), kTarName)};  // writers fill the field with what fits
  }
  if (type == 'x' && !long_path.empty()) {
    std::string name = go_pax_name(long_path);
    const size_t size = name.size();
    return {std::move(name), size};
  }
  return {last_special_path, last_component(last_special_path)};
}

void Context::saw(uint8_t type, const std::string& path) {
  if (is_special_type(type)) {
    last_special_path = path;
  } else {
    last_path = long_path.empty() ? path : std::exchange(long_path, {});
  }
}

Bytes long_path_body(uint8_t type, std::string_view path) {
  std::string body(path);
  if (type == 'L') {
    body += '\0';
  } else {
    // A pax record counts itself, digits included.
    body = " path=" + body + "\n";
    size_t size = body.size() + std::to_string(body.size()).size();
    size = body.size() + std::to_string(size).size();
    body = std::to_string(size) + body;
  }
  const ByteView bytes = as_bytes(body);
  return {bytes.begin(), bytes.end()};
}

size_t guess_prefix(std::string_view path) {
  if (path.size() <= kTarName) return 0;
  // A slash at the very end is the name's.
  const size_t slash = path.substr(0, path.size() - 1).rfind('/', kTarPrefix);
  return slash == std::string_view::npos ? 0 : slash;
}

std::string_view guess_link(uint8_t type, std::string_view path) {
  return type == '1' ? path : path.substr(last_component(path));
}

}  // namespace docker_sync::skeleton
