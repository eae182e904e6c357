// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/error.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace docker_sync {

Error::Error(ExitCode code, std::string what_failed, std::string remedy)
    : code_(code), failure_(std::move(what_failed)), remedy_(std::move(remedy)) {
  compose();
}

Error& Error::while_doing(const std::string& doing) {
  failure_ += " while " + doing;
  compose();
  return *this;
}

Error& Error::on_host(const std::string& host) {
  if (host_.empty()) host_ = host;
  compose();
  return *this;
}

void Error::compose() {
  text_ = host_.empty() ? "" : host_ + ": ";
  text_ += failure_;
  if (!remedy_.empty()) text_ += ": " + remedy_;
  text_ = one_line(std::move(text_));
}

std::string one_line(std::string text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < ' ' || byte == 0x7f) {
      text[i] = ' ';
    } else if (byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) {
      text[i] = text[i + 1] = ' ';  // U+0080 to U+009F in UTF-8: U+009B does what ESC [ does.
    }
  }
  return text;
}

void throw_errno(ExitCode code, const std::string& what_failed, int errno_value) {
  const std::string text = what_failed + ": " + std::strerror(errno_value);
  if (errno_value == ENOSPC || errno_value == EDQUOT) {
    throw Error(ExitCode::disk, text, "free some space, or name another folder with --tmpfolder or --remote-tmpfolder");
  }
  throw Error(code, text);
}

void throw_protocol(const std::string& what_failed) {
  throw Error(ExitCode::protocol, what_failed, "are both sides the same docker-sync?");
}

}  // namespace docker_sync
