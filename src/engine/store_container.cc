// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/store_container.h"

#include "base/error.h"
#include "engine/meeting_socket.h"
#include "store/content_store.h"
#include "store/graph_store.h"

namespace docker_sync {

namespace {

constexpr const char* kMounted = "/store";
constexpr const char* kMeeting = "/meeting";

/// The ways to run it, one of which will do.
std::vector<HelperRun> runs_for(const DockerStore& said) {
  const auto run = [](std::vector<HelperMount> mounts) {
    return HelperRun{{"--serve-files"}, std::move(mounts), true};
  };
  if (said.kind == StoreKind::containerd) {
    std::vector<HelperRun> runs;
    for (const std::string& folder : content_folders(said.root)) runs.push_back(run({{folder, kMounted}}));
    return runs;
  }
  std::vector<HelperMount> mounts;
  for (const std::string& folder : {"/image/" + said.driver, "/" + said.driver}) {
    mounts.push_back({said.root + folder, kMounted + folder});
  }
  return {run(std::move(mounts))};
}

/// By its standard streams, where it has greeted.
std::unique_ptr<FileLink> link_by_streams(std::unique_ptr<Channel> streams) {
  auto link = link_by_channel(std::move(streams));
  Bytes greeting(StoreContainer::kGreeting.size());
  Fd none;
  if (!link->receive(greeting, none) || as_text(greeting) != StoreContainer::kGreeting) {
    throw Error(ExitCode::engine, "what should open the store's files does not greet");
  }
  return link;
}

/// The link to whoever opens the store's files, which comes to `meeting` if it can.
std::unique_ptr<FileLink> run_one(HelperContainer& container, const std::vector<HelperRun>& runs,
                                  const MeetingSocket& meeting) {
  for (size_t i = 0; i < 2 * runs.size(); ++i) {
    HelperRun run = runs[i / 2];
    // An engine that does not see our folder is in another place than its socket.
    if (i % 2 == 0) {
      run.mounts.push_back({meeting.folder(), kMeeting});
      run.arguments.push_back(std::string(kMeeting) + "/" + MeetingSocket::kName);
    }
    try {
      container.run(run);
    } catch (const Error& error) {
      // A folder that is not there is found out before there is a container.
      if (error.code() != ExitCode::engine || i + 1 == 2 * runs.size()) throw;
      continue;
    }
    Fd socket = meeting.accept();
    return socket ? link_by_socket(std::move(socket)) : link_by_streams(container.take_channel());
  }
  throw Error(ExitCode::internal, "there is no way to run a container");
}

/// As the container sees it.
std::unique_ptr<LayerStore> store_of(const DockerStore& said, std::shared_ptr<StoreFiles> files) {
  if (said.kind == StoreKind::classic) return std::make_unique<GraphStore>(kMounted, said.driver, std::move(files));
  return std::make_unique<ContentStore>(kMounted, ContentStore::manifest_is_id, std::move(files));
}

}  // namespace

bool StoreContainer::knows(const DockerStore& said) {
  return !said.root.empty() && (said.kind == StoreKind::containerd || GraphStore::knows(said.driver));
}

StoreContainer::StoreContainer(const HttpClient::Connect& connect, const DockerVersion& version,
                               const DockerStore& said, const FindHelper& find_helper)
    : container_(connect, version.api, "this engine"),
      description_(said.driver + " in " + said.root + ", by a container of the helper") {
  container_.make_image(find_helper(version.architecture));
  const MeetingSocket meeting;
  files_ = std::make_shared<RemoteFiles>(run_one(container_, runs_for(said), meeting));
  store_ = store_of(said, files_);
}

void StoreContainer::end() noexcept {
  files_->close();
  container_.end();
}

}  // namespace docker_sync
