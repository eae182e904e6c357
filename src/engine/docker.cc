// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/docker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "engine/load_progress.h"
#include "engine/saved_archive.h"
#include "engine/store_container.h"

namespace docker_sync {

namespace {

/// Some 0.4 s pass until a container has started, and until it has gone, in which an engine saves that much.
constexpr uint64_t kContainerPays = 64 << 20;

[[noreturn]] void throw_refused(const std::string& doing, const HttpReply& reply) {
  const std::string message = error_message(reply.body);
  if (reply.status == 404) throw Error(ExitCode::image, fmt::format("cannot {}: {}", doing, message));
  throw_docker_error(doing, message.empty() ? fmt::format("HTTP status {}", reply.status) : message);
}

const HttpReply& expect_ok(const std::string& doing, const HttpReply& reply) {
  if (!reply.ok()) throw_refused(doing, reply);
  return reply;
}

/// A name goes into the path of a request, where a part that is empty or dots would lead to another question.
bool fits_a_path(std::string_view name) {
  while (true) {
    const size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == name.npos) return true;
    name.remove_prefix(slash + 1);
  }
}

std::string image_path(std::string_view id_or_name) { return "/images/" + percent_encode(id_or_name, "/:@"); }

}  // namespace

DockerVersion ask_version(HttpClient& http) {
  return parse_version(expect_ok("say its version", http.exchange("GET", "/version")).body);
}

DockerEngine::DockerEngine(HttpClient::Connect connect) : http_(std::move(connect)) {
  // Only whoever does not speak that API is asked for the version as well: for either answer the daemon starts runc,
  // to have its version, which takes some 30 ms.
  version_.api = kPreferredApi;
  HttpReply info = http_.exchange("GET", target("/info"));
  if (info.status == 400) {
    version_ = ask_version(http_);
    info = http_.exchange("GET", target("/info"));
  } else if (info.ok()) {
    version_ = version_in_info(info.body, info.newest_api, info.server);
  }
  said_ = parse_store(expect_ok("describe itself", info).body);
}

DockerEngine::~DockerEngine() = default;

std::string DockerEngine::description() const { return fmt::format("Docker {} ({})", version_.engine, said_.driver); }

std::string DockerEngine::target(const std::string& path) const { return "/v" + version_.api + path; }

std::optional<InspectedImage> DockerEngine::find(const std::string& id_or_name) {
  if (!fits_a_path(id_or_name)) return std::nullopt;
  const HttpReply reply = http_.exchange("GET", target(image_path(id_or_name) + "/json"));
  if (reply.status == 404) return std::nullopt;
  // What is no name at all cannot be the name of an image.
  if (reply.status == 400 && reply.body.find("invalid reference") != reply.body.npos) return std::nullopt;
  return parse_image(expect_ok("inspect " + id_or_name, reply).body, said_.kind);
}

std::optional<ImageInfo> DockerEngine::inspect(const std::string& id_or_name) {
  auto image = find(id_or_name);
  if (!image) return std::nullopt;
  return std::move(image->info);
}

std::vector<ImageInfo> DockerEngine::list() {
  const auto ids = parse_image_ids(expect_ok("list its images", http_.exchange("GET", target("/images/json"))).body);
  std::vector<ImageInfo> images;
  for (const std::string& id : ids) {
    auto image = find(id);
    if (image && !image->is_helper) images.push_back(std::move(image->info));
  }
  return images;
}

PartialLoad DockerEngine::partial_load() const {
  return said_.kind == StoreKind::classic ? PartialLoad::chain_prefix : PartialLoad::known_blobs;
}

std::string DockerEngine::id_of_loaded(const Digest& config, const Digest& manifest) const {
  return (said_.kind == StoreKind::classic ? config : manifest).text();
}

bool DockerEngine::is_whole(const std::string& id) {
  if (said_.kind == StoreKind::classic) return true;  // It checks every layer before there is an image.
  // Docker 26 leaves out of the list what is not whole; later ones list it, and tell.
  const std::string path = version_.tells_availability
                               ? fmt::format("/v{}/images/json?all=1&manifests=1", kAvailabilityApi)
                               : target("/images/json?all=1");
  return lists_whole(expect_ok("list its images", http_.exchange("GET", path)).body, id);
}

std::unique_ptr<Source> DockerEngine::save(const std::vector<std::string>& ids) {
  assert(!ids.empty());
  std::string query;
  for (const std::string& id : ids) query += (query.empty() ? "?names=" : "&names=") + percent_encode(id);
  // An engine does not always say 404 of an ID that it does not have: look ourselves before blaming it.
  const auto refuse = [this, ids](const HttpReply& reply) {
    for (const std::string& id : ids) {
      if (!find(id)) throw Error(ExitCode::image, "the image " + id + " does not exist (any more)");
    }
    throw_refused("save the image", reply);
  };
  return std::make_unique<SavedArchive>(http_.download(target("/images/get" + query)), refuse);
}

bool DockerEngine::pays_a_container(std::span<const ImageInfo> to_read) {
  uint64_t bytes = 0;
  for (const ImageInfo& image : to_read) {
    // Who was told of an image by another host knows no size of it.
    const auto known = image.size == 0 ? inspect(image.id) : std::optional(image);
    bytes += known ? known->size : 0;
  }
  return bytes >= kContainerPays;
}

bool DockerEngine::reads_in_place() {
  const std::lock_guard lock(mutex_);
  return store_ || container_ || start_container_;
}

LayerStore* DockerEngine::store(std::span<const ImageInfo> to_read, LayerReader reader) {
  if (store_) return store_.get();
  const std::lock_guard lock(mutex_);
  if (container_ || !start_container_) return container_.get();
  if (to_read.empty() || (reader == LayerReader::automatic && !pays_a_container(to_read))) return nullptr;
  try {
    container_ = start_container_();
    verbose("layers are read in " + container_->description());
  } catch (Error& error) {
    start_container_ = nullptr;
    error.while_doing("starting a container that reads the store");
    if (reader == LayerReader::store) throw;
    verbose(std::string(error.what()) + "; layers are read by save");
  }
  return container_.get();
}

void DockerEngine::end_started(bool for_good) noexcept {
  const std::lock_guard lock(mutex_);
  if (for_good) start_container_ = nullptr;
  if (!container_) return;
  container_->end();
  ended_container_ = std::move(container_);
}

std::vector<std::string> DockerEngine::load(Source& archive) {
  LoadProgress progress;
  const HttpReply reply = http_.upload(target("/images/load?quiet=1"), "application/x-tar", archive, progress);
  expect_ok("load the image", reply);
  progress.finish();
  std::vector<std::string> ids;
  for (const std::string& name : progress.loaded()) {
    const auto image = inspect(name);
    if (!image) {
      verbose("Docker says that it loaded " + name + ", but does not have it");
    } else if (std::find(ids.begin(), ids.end(), image->id) == ids.end()) {
      ids.push_back(image->id);
    }
  }
  return ids;
}

void DockerEngine::tag(const std::string& id, const Reference& name) {
  const std::string doing = fmt::format("tag {} as {}", id, name.familiar());
  const std::string query =
      fmt::format("/tag?repo={}&tag={}", percent_encode(name.domain() + "/" + name.path()), percent_encode(name.tag()));
  expect_ok(doing, http_.exchange("POST", target(image_path(id) + query)));
  const auto image = inspect(name.full());
  if (!image || image->id != id) throw Error(ExitCode::engine, "Docker did not " + doing + ", although it said so");
}

void DockerEngine::remove_untagged(const std::string& id) {
  const auto image = find(id);
  if (!image || image->has_tag) return;
  // A containerd store gives every image a digest; in a classic one it means that somebody pulled it.
  if (image->has_digest && said_.kind == StoreKind::classic) return;
  const HttpReply reply = http_.exchange("DELETE", target(image_path(image->info.id) + "?force=false&noprune=true"));
  if (reply.status != 404 && reply.status != 409) expect_ok("remove " + id, reply);
}

}  // namespace docker_sync
