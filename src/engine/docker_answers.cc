// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/docker_answers.h"

#include <algorithm>
#include <charconv>

#include "engine/helper_image.h"
#include "engine/image_json.h"

namespace docker_sync {

namespace {

constexpr size_t kMaxMessageBytes = 4096;

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

bool speaks(const std::string& newest, const char* api) { return parse_api_version(api) <= parse_api_version(newest); }

}  // namespace

DockerVersion version_in_info(const std::string& json, const std::string& newest_api, const std::string& server) {
  return interpret(json, "Docker's info", [&](const Json& answer) {
    DockerVersion version{answer.at("ServerVersion"), kPreferredApi, string_or_empty(answer, "Architecture")};
    version.tells_availability = !newest_api.empty() && speaks(newest_api, kAvailabilityApi);
    version.is_podman = server.starts_with("Libpod/");
    return version;
  });
}

DockerVersion parse_version(const std::string& json) {
  return interpret(json, "Docker's version", [](const Json& answer) {
    const std::string newest = answer.at("ApiVersion"), oldest = string_or_empty(answer, "MinAPIVersion");
    DockerVersion version{answer.at("Version"), kPreferredApi, string_or_empty(answer, "Arch")};
    static const Json::json_pointer kFirstComponent("/Components/0/Name");
    version.is_podman = answer.contains(kFirstComponent) && answer[kFirstComponent] == "Podman Engine";
    version.tells_availability = speaks(newest, kAvailabilityApi);
    if (!speaks(newest, kPreferredApi)) version.api = newest;
    if (!oldest.empty() && parse_api_version(kPreferredApi) < parse_api_version(oldest)) version.api = oldest;
    return version;
  });
}

DockerStore parse_store(const std::string& json) {
  return interpret(json, "Docker's info", [](const Json& answer) {
    DockerStore store{StoreKind::classic, string_or_empty(answer, "Driver"), string_or_empty(answer, "DockerRootDir")};
    const auto status = answer.find("DriverStatus");
    if (status == answer.end() || !status->is_array()) return store;
    const Json containerd{"driver-type", "io.containerd.snapshotter.v1"};
    for (const Json& row : *status) {
      if (row == containerd) store.kind = StoreKind::containerd;
    }
    return store;
  });
}

std::vector<std::string> parse_image_ids(const std::string& json) { return parse_ids(json, "Docker's list of images"); }

bool lists_whole(const std::string& json, const std::string& id) {
  // [ { "Id": …, "Manifests": [ { "Kind": …, "Available": … } ] } ]
  const auto only_these = [](int depth, Json::parse_event_t event, Json& value) {
    if (event != Json::parse_event_t::key) return depth < 6;
    return depth == 2 ? value == "Id" || value == "Manifests" : value == "Kind" || value == "Available";
  };
  return interpret(
      json, "Docker's list of images",
      [&](const Json& answer) {
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
      },
      only_these);
}

InspectedImage parse_image(const std::string& json, StoreKind kind) {
  return interpret(json, "Docker's image", [kind](const Json& answer) {
    InspectedImage image = read_image(answer);
    static const Json::json_pointer kLabel(std::string("/Config/Labels/") + kHelperLabel);
    image.is_helper = answer.contains(kLabel);
    if (kind == StoreKind::classic) image.info.identity.config = Digest::parse(image.info.id);
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
