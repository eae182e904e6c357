// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/load_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"

namespace docker_sync {

namespace {

constexpr size_t kMaxLineBytes = 1 << 20;
constexpr size_t kMaxLoaded = 10000;
constexpr std::string_view kLoadedId = "Loaded image ID: ";
constexpr std::string_view kLoadedName = "Loaded image: ";
constexpr std::string_view kId = "sha256:";
/// A containerd store reports an image that it could not unpack as ordinary text, and success after it.
constexpr std::string_view kNotUnpacked = "Error unpacking image";

}  // namespace

void throw_docker_error(const std::string& doing, const std::string& message) {
  if (message.find("no space left on device") != message.npos || message.find("disk quota exceeded") != message.npos) {
    throw Error(ExitCode::disk, fmt::format("Docker cannot {}: {}", doing, message),
                "free some space where Docker keeps its images ('docker system df')");
  }
  throw Error(ExitCode::engine, fmt::format("Docker cannot {}: {}", doing, message));
}

void LoadProgress::write(ByteView bytes) {
  for (const char c : as_text(bytes)) {
    if (c == '\n') {
      take_line();
      continue;
    }
    if (line_.size() == kMaxLineBytes) throw Error(ExitCode::engine, "Docker's answer to a load has no line ends");
    line_ += c;
  }
}

void LoadProgress::finish() { take_line(); }

void LoadProgress::take_line() {
  const std::string line = std::exchange(line_, {});
  if (line.find_first_not_of(" \t\r") == line.npos) return;
  const auto said = nlohmann::json::parse(line, nullptr, false);
  if (!said.is_object()) throw Error(ExitCode::engine, "Docker's answer to a load is not JSON");
  if (const auto error = said.find("error"); error != said.end() && error->is_string()) {
    throw_docker_error("load the image", *error);
  }
  static const nlohmann::json::json_pointer kMessage("/errorDetail/message");
  if (said.contains(kMessage) && said[kMessage].is_string()) throw_docker_error("load the image", said[kMessage]);
  if (const auto text = said.find("stream"); text != said.end() && text->is_string()) take_text(*text);
  // An import says nothing but the ID of what it made.
  const auto status = said.find("status");
  if (status != said.end() && status->is_string() && status->get_ref<const std::string&>().starts_with(kId)) {
    add(*status);
  }
}

void LoadProgress::take_text(const std::string& text) {
  std::string_view rest = text;
  rest = rest.substr(0, rest.find_last_not_of(" \r\n") + 1);
  if (rest.starts_with(kNotUnpacked)) throw_docker_error("load the image", std::string(rest));
  for (const std::string_view prefix : {kLoadedId, kLoadedName}) {
    if (!rest.starts_with(prefix)) continue;
    return add(std::string(rest.substr(prefix.size())));
  }
}

void LoadProgress::add(const std::string& name) {
  if (loaded_.size() == kMaxLoaded) throw Error(ExitCode::engine, "Docker says that it loaded too many images");
  if (std::find(loaded_.begin(), loaded_.end(), name) == loaded_.end()) loaded_.push_back(name);
}

}  // namespace docker_sync
