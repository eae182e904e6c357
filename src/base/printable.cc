// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/printable.h"

#include <utility>

#include "base/error.h"

namespace docker_sync {

std::string printable(std::string_view text, size_t limit) {
  std::string result;
  for (const char c : text) {
    const bool blank = static_cast<unsigned char>(c) <= ' ' || c == 0x7f;
    if (!blank) {
      result += c;
    } else if (!result.empty() && result.back() != ' ') {
      result += ' ';
    }
  }
  if (result.ends_with(' ')) result.pop_back();
  if (result.size() > limit) result = "..." + result.substr(result.size() - limit);
  return one_line(std::move(result));
}

}  // namespace docker_sync
