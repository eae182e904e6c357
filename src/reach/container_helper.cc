// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "reach/container_helper.h"

#include <algorithm>

#include "base/compression.h"
#include "base/error.h"
#include "engine/docker.h"
#include "engine/helper_image.h"

namespace docker_sync {

namespace {

constexpr const char* kSocket = "/var/run/docker.sock";
constexpr const char* kScratch = "/var/tmp";

}  // namespace

Bytes helper_for(const std::string& architecture, std::span<const HelperImage> helpers) {
  const auto found = std::ranges::find(helpers, machine_of(architecture), &HelperImage::machine);
  if (found == helpers.end()) {
    throw Error(ExitCode::helper, "there is no helper for machines of type '" + architecture + "'");
  }
  return zstd_decompress(found->compressed, static_cast<size_t>(found->size));
}

std::unique_ptr<HelperContainer> start_container_helper(const HttpClient::Connect& connect, const std::string& daemon,
                                                        std::span<const HelperImage> helpers,
                                                        const std::string& tmpfolder) {
  HttpClient http(connect);
  const DockerVersion version = ask_version(http);
  auto container = std::make_unique<HelperContainer>(connect, version.api, daemon);
  container->make_image(helper_for(version.architecture, helpers));
  const HelperMount scratch{tmpfolder, tmpfolder.empty() ? kScratch : tmpfolder};
  container->run({{"--own-image", container->image()}, {{kSocket, kSocket}, scratch}});
  return container;
}

}  // namespace docker_sync
