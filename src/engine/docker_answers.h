// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What Docker's JSON answers mean to us, and nothing else of the API: pure functions from text. An answer that does not
// have the shape it must have is an ExitCode::engine Error; fields that we do not use are not looked at.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "engine/inspected_image.h"

namespace docker_sync {

/// The API that we were written against: Docker 20.10's. Later daemons speak it, or say with what they begin.
inline constexpr const char* kPreferredApi = "1.41";

/// The first one whose list of images says whether all of an image is there.
inline constexpr const char* kAvailabilityApi = "1.48";

struct DockerVersion {
  std::string engine;        ///< "20.10.24"
  std::string api;           ///< the one to speak, "1.41"
  std::string architecture;  ///< of its machine, "amd64" or "x86_64"
  bool tells_availability = false;  ///< it speaks kAvailabilityApi, too
  bool is_podman = false;           ///< Podman's service, which answers like Docker
};
/// From /info, asked in kPreferredApi, and the Api-Version and Server of that answer's head.
[[nodiscard]] DockerVersion version_in_info(const std::string& json, const std::string& newest_api,
                                            const std::string& server);
/// From /version: kPreferredApi, or what the daemon has that is nearest to it.
[[nodiscard]] DockerVersion parse_version(const std::string& json);

enum class StoreKind : uint8_t {
  classic = 0,     ///< graph driver: an image's ID is the digest of its config
  containerd = 1,  ///< containerd image store: that of a manifest or an index
};

struct DockerStore {
  StoreKind kind = StoreKind::classic;
  std::string driver;  ///< "overlay2"
  std::string root;    ///< the daemon's data root, as its host sees it
};
/// From /info.
[[nodiscard]] DockerStore parse_store(const std::string& json);

/// From /images/json: the IDs. Keeps nothing else of the answer in memory.
[[nodiscard]] std::vector<std::string> parse_image_ids(const std::string& json);

/// From /images/json, with or without manifests: whether that ID is in it, and not said to lack anything.
[[nodiscard]] bool lists_whole(const std::string& json, const std::string& id);

/// From /images/NAME/json. In a containerd store identity.config stays empty.
[[nodiscard]] InspectedImage parse_image(const std::string& json, StoreKind kind);

/// The "message" of an error's body, or the body itself where it is no JSON; cut at 4 KiB.
[[nodiscard]] std::string error_message(const std::string& body);

}  // namespace docker_sync
