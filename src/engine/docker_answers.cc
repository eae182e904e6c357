// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/docker_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/log.h"
#include "image/fingerprint.h"

namespace docker_sync {

namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 32;
constexpr size_t kMaxMessageBytes = 4096;

/// Runs `read` over the parsed text; whatever does not fit becomes one Error. Depth is bounded, so that brackets alone
/// cannot fill the memory.
template <typename Read>
auto interpret(const std::string& text, const char* what, const Read& read, const Json::parser_callback_t& keep = {}) {
  try {
    const Json json = Json::parse(text, [&](int depth, Json::parse_event_t event, Json& value) {
      if (depth > kMaxDepth) throw Error(ExitCode::engine, "it is nested too deeply");
      return !keep || keep(depth, event, value);
    });
    return read(json);
  } catch (const Json::exception& error) {
    throw Error(ExitCode::engine, fmt::format("cannot make sense of Docker's {}: {}", what, error.what()));
  } catch (const Error& error) {
    throw Error(ExitCode::engine, fmt::format("cannot make sense of Docker's {}: {}", what, error.failure()));
  }
}

struct ApiVersion {
  unsigned major = 0, minor = 0;
  auto operator<=>(const ApiVersion&) const = default;
};

ApiVersion parse_api_version(std::string_view text) {
  ApiVersion version;
  const char* const end = text.data() + text.size();
  const auto [dot, failure] = std::from_chars(text.data(), end, version.major);
  if (failure == std::errc() && dot != end && *dot == '.') {
    const auto [rest, failed] = std::from_chars(dot + 1, end, version.minor);
    if (failed == std::errc() && rest == end) return version;
  }
  throw Error(ExitCode::engine, fmt::format("'{}' is no API version", text));
}

std::string string_or_empty(const Json& object, const char* key) {
  const auto value = object.find(key);
  return value == object.end() || value->is_null() ? "" : value->get<std::string>();
}

/// The list of strings under `key`; empty where it is null or absent.
std::vector<std::string> strings(const Json& object, const char* key) {
  const auto value = object.find(key);
  if (value == object.end() || value->is_null()) return {};
  return value->get<std::vector<std::string>>();
}

std::vector<Digest> diff_ids(const Json& image) {
  std::vector<Digest> digests;
  const auto rootfs = image.find("RootFS");
  if (rootfs == image.end() || rootfs->is_null()) return digests;
  for (const std::string& layer : strings(*rootfs, "Layers")) digests.push_back(Digest::parse(layer));
  return digests;
}

std::optional<Reference> parse_name(const std::string& name) {
  if (name.starts_with("<none>")) return std::nullopt;
  try {
    return Reference::parse(name);
  } catch (const Error& error) {
    verbose(fmt::format("passing over the image name '{}': {}", name, error.failure()));
    return std::nullopt;
  }
}

}  // namespace

DockerVersion parse_version(const std::string& json) {
  return interpret(json, "version", [](const Json& answer) {
    const std::string newest = answer.at("ApiVersion"), oldest = string_or_empty(answer, "MinAPIVersion");
    DockerVersion version{answer.at("Version"), kPreferredApi, false};
    version.tells_availability = parse_api_version(kAvailabilityApi) <= parse_api_version(newest);
    if (parse_api_version(newest) < parse_api_version(kPreferredApi)) version.api = newest;
    if (!oldest.empty() && parse_api_version(kPreferredApi) < parse_api_version(oldest)) version.api = oldest;
    return version;
  });
}

DockerStore parse_store(const std::string& json) {
  return interpret(json, "info", [](const Json& answer) {
    DockerStore store{StoreKind::classic, string_or_empty(answer, "Driver")};
    const auto status = answer.find("DriverStatus");
    if (status == answer.end() || !status->is_array()) return store;
    const Json containerd{"driver-type", "io.containerd.snapshotter.v1"};
    for (const Json& row : *status) {
      if (row == containerd) store.kind = StoreKind::containerd;
    }
    return store;
  });
}

std::vector<std::string> parse_image_ids(const std::string& json) {
  // [ { "Id": … } ]: the list is depth 0, its images 1; everything else of them is dropped while it is parsed.
  const auto only_ids = [](int depth, Json::parse_event_t event, Json& value) {
    return depth < 2 || (depth == 2 && event == Json::parse_event_t::key ? value == "Id" : true);
  };
  return interpret(json, "list of images",
      [](const Json& answer) {
        std::vector<std::string> ids;
        for (const Json& image : answer) ids.push_back(image.at("Id"));
        return ids;
      },
      only_ids);
}

bool lists_whole(const std::string& json, const std::string& id) {
  // [ { "Id": …, "Manifests": [ { "Kind": …, "Available": … } ] } ]
  const auto only_these = [](int depth, Json::parse_event_t event, Json& value) {
    if (event != Json::parse_event_t::key) return depth < 6;
    return depth == 2 ? value == "Id" || value == "Manifests" : value == "Kind" || value == "Available";
  };
  return interpret(json, "list of images", [&](const Json& answer) {
    for (const Json& image : answer) {
      if (image.at("Id") != id) continue;
      const auto manifests = image.find("Manifests");
      if (manifests == image.end() || manifests->is_null()) return true;
      // Of several platforms' manifests one that is there will do; attestations are of other kinds.
      return std::any_of(manifests->begin(), manifests->end(), [](const Json& manifest) {
        return manifest.at("Kind") == "image" && manifest.at("Available") == true;
      });
    }
    return false;
  }, only_these);
}

DockerImage parse_image(const std::string& json, StoreKind kind) {
  return interpret(json, "image", [kind](const Json& answer) {
    DockerImage image;
    image.info.id = answer.at("Id");
    for (const std::string& name : strings(answer, "RepoTags")) {
      image.has_tag = image.has_tag || !name.starts_with("<none>");
      if (const auto reference = parse_name(name)) image.info.names.push_back(*reference);
    }
    image.has_digest = !strings(answer, "RepoDigests").empty();
    image.info.identity.diff_ids = diff_ids(answer);
    image.info.identity.fingerprint = fingerprint_of_description(answer);
    if (kind == StoreKind::classic) image.info.identity.config = Digest::parse(image.info.id);
    image.info.created = created_time(answer);
    if (const auto size = answer.find("Size"); size != answer.end() && size->is_number_unsigned()) {
      image.info.size = *size;
    }
    return image;
  });
}

std::string error_message(const std::string& body) {
  const Json json = Json::parse(body.substr(0, 64 << 10), nullptr, false);
  std::string message = body;
  if (json.is_object() && json.contains("message") && json["message"].is_string()) message = json["message"];
  return message.substr(0, kMaxMessageBytes);
}

}  // namespace docker_sync
