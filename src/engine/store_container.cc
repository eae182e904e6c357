// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/store_container.h"

#include "base/error.h"
#include "base/fd_channel.h"
#include "engine/meeting_socket.h"
#include "store/content_store.h"
#include "store/graph_store.h"

namespace docker_sync {

namespace {

constexpr const char* kMounted = "/store";
constexpr const char* kMeeting = "/meeting";

/// The ways to run it, one of which will do.
std::vector<HelperRun> runs_for(const DockerStore& said) {
  const auto run = [](const std::string& driver, std::vector<HelperMount> mounts) {
    return HelperRun{{"--serve-store", driver, kMounted}, std::move(mounts), true};
  };
  if (said.kind == StoreKind::containerd) {
    std::vector<HelperRun> runs;
    for (const std::string& folder : content_folders(said.root))
      runs.push_back(run("containerd", {{folder, kMounted}}));
    return runs;
  }
  std::vector<HelperMount> mounts;
  for (const std::string& folder : {"/image/" + said.driver, "/" + said.driver}) {
    mounts.push_back({said.root + folder, kMounted + folder});
  }
  return {run(said.driver, std::move(mounts))};
}

/// The channel to whoever reads the store, which comes to `meeting` if it can.
std::unique_ptr<Channel> run_one(HelperContainer& container, const std::vector<HelperRun>& runs,
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
    if (!socket) return container.take_channel();
    Fd out = socket.duplicate();
    return std::make_unique<FdChannel>(std::move(socket), std::move(out));
  }
  throw Error(ExitCode::internal, "there is no way to run a container");
}

}  // namespace

bool StoreContainer::knows(const DockerStore& said) {
  return !said.root.empty() && (said.kind == StoreKind::containerd || GraphStore::knows(said.driver));
}

StoreContainer::StoreContainer(const HttpClient::Connect& connect, const DockerVersion& version,
                               const DockerStore& said, const FindHelper& find_helper)
    : container_(connect, version.api, "this engine") {
  container_.make_image(find_helper(version.architecture));
  const MeetingSocket meeting;
  store_ = std::make_unique<RemoteStore>(run_one(container_, runs_for(said), meeting),
                                         said.driver + " in " + said.root + ", by a container of the helper");
}

void StoreContainer::end() noexcept {
  store_->close();
  container_.end();
}

}  // namespace docker_sync
