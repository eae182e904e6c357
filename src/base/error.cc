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
  // One line, whatever an engine or a peer put into it, and nothing that a terminal would obey.
  for (char& c : text_) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  }
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
