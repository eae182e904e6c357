// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/podman_answers.h"

#include <algorithm>

#include "engine/image_json.h"

namespace docker_sync {

namespace {

constexpr std::string_view kDigestPrefix = "sha256:";
constexpr std::string_view kLoaded[] = {"Loaded image: ", "Loaded image(s): "};
constexpr size_t kMaxFailureBytes = 4096;
/// As they stand below "payload does not match any of the supported image formats", the one that we make first.
constexpr std::string_view kOciArchive = " * oci-archive: ", kDockerArchive = " * docker-archive: ";
/// What podman says of an archive that has no OCI layout at all.
constexpr std::string_view kNoLayout = "/index.json: no such file or directory";

std::string full_id(const std::string& id) {
  return id.starts_with(kDigestPrefix) ? id : std::string(kDigestPrefix) + id;
}

/// Where containers/storage keeps an image's config: beside the layers of its driver. The description names one of
/// those with the overlay driver alone (ROOT/overlay/LAYER/diff). Empty: not known.
std::string config_path(const Json& image, const std::string& id, const PodmanStore& store) {
  static const Json::json_pointer kDriver("/GraphDriver/Name"), kLayer("/GraphDriver/Data/UpperDir");
  if (!image.contains(kDriver)) return {};
  const std::string driver = image[kDriver], layer = image.contains(kLayer) ? image[kLayer].get<std::string>() : "";
  const size_t end = layer.rfind("/" + driver + "/");
  const std::string root = end == layer.npos ? store.root() : layer.substr(0, end);
  if (root.empty()) return {};
  return fmt::format("{}/{}-images/{}/={}", root, driver, id.substr(kDigestPrefix.size()), to_base64(as_bytes(id)));
}

/// The description with what only the config itself says.
Json completed(Json image, const std::string& id, const PodmanStore& store) {
  const std::string path = config_path(image, id, store);
  const auto text = path.empty() ? std::nullopt : store.read(path);
  if (!text || Digest::of(as_bytes(*text)).text() != id) return image;
  const Json config = Json::parse(*text, nullptr, false);
  if (!config.is_object()) return image;
  if (const auto inner = config.find("config"); inner != config.end()) image["Config"] = *inner;
  image["Variant"] = string_or_empty(config, "variant");
  return image;
}

/// Calls `take` for each line.
template <typename Take>
void each_line(std::string_view text, const Take& take) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    take(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void add_once(std::vector<std::string>& list, std::string text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(std::move(text));
}

}  // namespace

std::string parse_podman_version(const std::string& json) {
  return interpret(json, "Podman's version",
                   [](const Json& answer) -> std::string { return answer.at("Client").at("Version"); });
}

std::vector<std::string> parse_podman_ids(const std::string& json) {
  std::vector<std::string> ids;
  for (const std::string& id : parse_ids(json, "Podman's list of images")) add_once(ids, full_id(id));
  return ids;
}

std::vector<InspectedImage> parse_podman_images(const std::string& json, const PodmanStore& store) {
  // [ { "History": [ … ] } ]: of many images the longest part, and of no use.
  const auto no_history = [](int depth, Json::parse_event_t event, Json& value) {
    return depth != 2 || event != Json::parse_event_t::key || value != "History";
  };
  return interpret(
      json, "Podman's images",
      [&](const Json& answer) {
        std::vector<InspectedImage> images;
        for (const Json& described : answer) {
          const std::string id = full_id(described.at("Id"));
          const auto same = [&](const InspectedImage& other) { return other.info.id == id; };
          if (std::any_of(images.begin(), images.end(), same)) continue;
          InspectedImage image = read_image(completed(described, id, store));
          image.info.id = id;
          image.info.identity.config = Digest::parse(id);
          images.push_back(std::move(image));
        }
        return images;
      },
      no_history);
}

std::vector<std::string> parse_podman_loaded(std::string_view output) {
  std::vector<std::string> loaded;
  each_line(output, [&](std::string_view line) {
    for (const std::string_view prefix : kLoaded) {
      if (!line.starts_with(prefix)) continue;
      line.remove_prefix(prefix.size());
      while (!line.empty()) {
        const size_t end = std::min(line.find(','), line.size());
        add_once(loaded, std::string(line.substr(0, end)));
        line.remove_prefix(std::min(end + 1, line.size()));
      }
    }
  });
  return loaded;
}

std::string podman_failure(std::string_view errors) {
  std::string_view last, error, oci, docker;
  each_line(errors, [&](std::string_view line) {
    if (line.starts_with(kOciArchive)) oci = line.substr(kOciArchive.size());
    if (line.starts_with(kDockerArchive)) docker = line.substr(kDockerArchive.size());
    if (line.starts_with("Error: ")) error = line.substr(7);
    if (line.find_first_not_of(" \t") != line.npos) last = line;
  });
  std::string_view best = error.empty() ? last : error;
  if (!docker.empty()) best = docker;
  if (!oci.empty() && (docker.empty() || !oci.ends_with(kNoLayout))) best = oci;
  return std::string(best.substr(0, kMaxFailureBytes));
}

void throw_podman_error(const std::string& doing, std::string_view errors) {
  const std::string failure = podman_failure(errors);
  const std::string what =
      fmt::format("Podman cannot {}: {}", doing, failure.empty() ? "it does not say why" : failure);
  const auto says = [&](std::string_view words) { return failure.find(words) != failure.npos; };
  if (says("no space left on device") || says("disk quota exceeded")) {
    throw Error(ExitCode::disk, what, "free some space where Podman keeps its images, and in /var/tmp");
  }
  throw Error(says("image not known") ? ExitCode::image : ExitCode::engine, what);
}

}  // namespace docker_sync
