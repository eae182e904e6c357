// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What all engines' JSON has in common: text that must parse, and the description of an image as `inspect` gives it,
// which Podman took over from Docker.
#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/inspected_image.h"

namespace docker_sync {

using Json = nlohmann::json;

/// Deeper than this no answer goes, so that brackets alone cannot fill the memory.
inline constexpr int kMaxDepth = 32;

/// Runs `read` over the parsed text; whatever does not fit becomes one ExitCode::engine Error that names `what`, such
/// as "Docker's list of images". `keep` drops what is not read while it is parsed.
template <typename Read>
auto interpret(const std::string& text, const char* what, const Read& read, const Json::parser_callback_t& keep = {}) {
  try {
    const Json json = Json::parse(text, [&](int depth, Json::parse_event_t event, Json& value) {
      if (depth > kMaxDepth) throw Error(ExitCode::engine, "it is nested too deeply");
      return !keep || keep(depth, event, value);
    });
    return read(json);
  } catch (const Json::exception& error) {
    throw Error(ExitCode::engine, fmt::format("cannot make sense of {}: {}", what, error.what()));
  } catch (const Error& error) {
    throw Error(ExitCode::engine, fmt::format("cannot make sense of {}: {}", what, error.failure()));
  }
}

[[nodiscard]] std::string string_or_empty(const Json& object, const char* key);

/// The list of strings under `key`; empty where it is null or absent.
[[nodiscard]] std::vector<std::string> strings(const Json& object, const char* key);

/// From a list of objects that have an "Id": those. Keeps nothing else of the text in memory.
[[nodiscard]] std::vector<std::string> parse_ids(const std::string& json, const char* what);

/// The image as it is described, its config digest left out. Throws Json::exception, and Error for a bad digest.
[[nodiscard]] InspectedImage read_image(const Json& image);

}  // namespace docker_sync
