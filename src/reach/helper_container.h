// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The helper on the host of a daemon that is reached by TCP alone: an image of it is loaded, a container with the
// daemon's own socket is run, and we are attached to that. Image and container are gone when the sync is over.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "engine/docker.h"
#include "reach/attach_channel.h"
#include "transport/bootstrap_script.h"

namespace docker_sync {

class HelperContainer {
 public:
  /// Starts it at the daemon to which `connect` opens one more stream, for one thread to read and another to write, and
  /// which messages name `daemon`; `tmpfolder` is the host's folder for scratch files, empty: a volume that goes with
  /// the container. Throws ExitCode::helper, engine, image or disk where a container cannot be had or does not do, and
  /// nothing is left of it then; connection, host_key, authentication and usage where there is no daemon to speak to.
  HelperContainer(const HttpClient::Connect& connect, std::string daemon, std::span<const HelperImage> helpers,
                  const std::string& tmpfolder);
  /// As remove().
  ~HelperContainer() { remove(); }
  HelperContainer(const HelperContainer&) = delete;
  HelperContainer& operator=(const HelperContainer&) = delete;

  /// The helper's standard streams, once.
  [[nodiscard]] std::unique_ptr<Channel> take_channel() { return std::move(channel_); }
  [[nodiscard]] uint64_t uploaded_bytes() const { return uploaded_bytes_; }

  /// Waits for the helper to end by itself, which it does when its channel is closed and all is undone; then removes
  /// what is left of it. A failure is said, not thrown.
  void remove() noexcept;

 private:
  /// The JSON of the answer; throws where it is an error.
  [[nodiscard]] std::string ask(std::string_view method, const std::string& path);
  [[nodiscard]] std::string post(const std::string& path, const std::string& json);
  void sweep();
  void load(const HelperImage& helper, const std::string& architecture);
  void create(const std::string& tmpfolder);
  void start();
  void remove_container();

  const HttpClient::Connect connect_;
  const std::string daemon_;
  HttpClient http_;
  DockerEngine engine_;
  std::string api_;        ///< "/v1.41"
  std::string image_;      ///< its ID, while there is one
  std::string container_;  ///< likewise
  bool started_ = false;
  std::unique_ptr<AttachChannel> channel_;
  uint64_t uploaded_bytes_ = 0;
};

}  // namespace docker_sync
