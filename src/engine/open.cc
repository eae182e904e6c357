// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/open.h"

#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "engine/docker.h"
#include "engine/docker_socket.h"
#include "engine/podman.h"
#include "store/content_store.h"
#include "store/graph_store.h"

namespace docker_sync {

namespace {

/// Where dockerd may be that a user's PATH does not have.
constexpr const char* kDaemonFolders = ":/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin";
constexpr const char* kOptions = "--engine or --remote-engine";

bool is_in(const std::string& folders, const std::string& program) {
  for (size_t begin = 0; begin < folders.size();) {
    const size_t end = std::min(folders.find(':', begin), folders.size());
    const std::string folder = folders.substr(begin, end - begin);
    if (!folder.empty() && ::access((folder + "/" + program).c_str(), X_OK) == 0) return true;
    begin = end + 1;
  }
  return false;
}

bool is_there(const std::string& folder) { return ::access(folder.c_str(), R_OK | X_OK) == 0; }

bool is_in_path(const Surroundings& host, const std::string& program) { return is_in(host.variable("PATH"), program); }

/// Nothing is where Docker would be, and nobody said that it is elsewhere. One that is only stopped is Docker all the
/// same: the user's images are there.
bool has_no_docker(const Surroundings& host) {
  return host.variable("DOCKER_HOST").empty() && host.variable("DOCKER_CONTEXT").empty() &&
         host.socket(find_docker_socket({}, host)) == SocketState::absent &&
         !is_in(host.variable("PATH") + kDaemonFolders, "dockerd");
}

/// Null where it cannot be read here. A user who is not root might read some of it, and find out too late.
std::unique_ptr<LayerStore> open_store(const DockerStore& said) {
  if (::geteuid() != 0) return nullptr;
  std::unique_ptr<LayerStore> store;
  if (said.kind == StoreKind::containerd) {
    for (const std::string& folder : content_folders(said.root)) {
      if (!store && is_there(folder + "/blobs/sha256")) store = std::make_unique<ContentStore>(folder);
    }
  } else if (GraphStore::knows(said.driver) && is_there(said.root + "/image/" + said.driver)) {
    store = std::make_unique<GraphStore>(said.root, said.driver);
  }
  if (store) verbose("layers are read in " + store->description());
  return store;
}

std::unique_ptr<Engine> open_podman() {
  auto engine = std::make_unique<PodmanEngine>();
  verbose(engine->description());
  return engine;
}

}  // namespace

std::unique_ptr<Engine> open_engine(const EngineOptions& options) {
  static constexpr std::string_view kDirectory = "oci:";
  if (options.address.starts_with(kDirectory)) {
    return std::make_unique<OciDirectory>(options.address.substr(kDirectory.size()), options.store_compression);
  }
  const Surroundings host = host_surroundings();
  if (options.address == kPodman) return open_podman();
  const bool may_be_podman = options.address.empty() && is_in_path(host, "podman");
  if (may_be_podman && has_no_docker(host)) return open_podman();
  const std::string path = find_docker_socket(options.address == kDocker ? "" : options.address, host);
  const HttpClient::Connect connect = [path] { return connect_unix(path); };
  std::unique_ptr<DockerEngine> engine;
  try {
    engine = std::make_unique<DockerEngine>(connect);
  } catch (const Error& error) {
    // Not a reason to take Podman unasked: its images are others, and its user may not know.
    if (!may_be_podman) throw;
    throw Error(
        error.code(), error.failure(),
        error.remedy() + (error.remedy().empty() ? "" : "; or ") + "choose Podman, which is there, with " + kOptions);
  }
  if (engine->is_podman()) {
    // What Podman's service answers is like Docker's, but what it does with archives is not.
    if (may_be_podman) return open_podman();
    throw Error(ExitCode::engine, "what answers at " + path + " is Podman, not Docker",
                std::string("choose Podman itself with ") + kOptions);
  }
  verbose(engine->description() + " at " + path);
  if (auto store = open_store(engine->said_store())) {
    engine->use_store(std::move(store));
  } else if (options.find_helper && StoreContainer::knows(engine->said_store())) {
    engine->use_container([connect, &engine = *engine, find_helper = options.find_helper] {
      return std::make_unique<StoreContainer>(connect, engine.version(), engine.said_store(), find_helper);
    });
  }
  return engine;
}

}  // namespace docker_sync
