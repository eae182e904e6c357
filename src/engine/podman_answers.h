// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What the podman program prints means to us: pure functions from text. JSON that does not have the shape it must have
// is an ExitCode::engine Error; of the rest the line is picked that says what went wrong.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/inspected_image.h"

namespace docker_sync {

/// From `podman version --format json`: "4.3.1".
[[nodiscard]] std::string parse_podman_version(const std::string& json);

/// From `podman images --format json`: the IDs, as podman takes them, each once.
[[nodiscard]] std::vector<std::string> parse_podman_ids(const std::string& json);

/// Where Podman keeps its images.
struct PodmanStore {
  /// The content of a file there, if it can be read.
  std::function<std::optional<std::string>(const std::string& path)> read;
  /// Its folder, for drivers whose descriptions do not show it; empty: not known. Asking costs a second.
  std::function<std::string()> root;
};

/// From `podman image inspect`. An image's ID is its config digest, "sha256:…". A manifest list is answered by the
/// image in it, so what comes may have another ID than was asked for; each comes once. Podman's description leaves out
/// some of a Docker config (its health check, shell and triggers): the config itself is taken out of the store if it
/// can be.
[[nodiscard]] std::vector<InspectedImage> parse_podman_images(const std::string& json, const PodmanStore& store);

/// From what `podman load` prints: IDs and names, each once.
[[nodiscard]] std::vector<std::string> parse_podman_loaded(std::string_view output);

/// The line of standard error that says what went wrong, without "Error:". A failed load lists every form of archive
/// that was tried: of these, ours.
[[nodiscard]] std::string podman_failure(std::string_view errors);

/// Throws the words of podman_failure(): ExitCode::image where it does not know the image, ExitCode::disk where its
/// disk is full, else ExitCode::engine.
[[noreturn]] void throw_podman_error(const std::string& doing, std::string_view errors);

}  // namespace docker_sync
