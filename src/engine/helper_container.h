// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The helper in a container of a Docker daemon: an image of it alone is made, a container of that is run, and we are
// attached to it. Image and container are gone when it is over. What it is given and told is for the caller to say.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/attach_channel.h"
#include "engine/http.h"

namespace docker_sync {

struct HelperMount {
  std::string source;  ///< at the daemon's host; empty: a volume that goes with the container
  std::string target;
};

struct HelperRun {
  std::vector<std::string> arguments;
  std::vector<HelperMount> mounts;
  /// It may read what it is given, whoever's files those are, and nothing else.
  bool only_reads = false;
};

class HelperContainer {
 public:
  /// Of the daemon to which `connect` opens one more stream, for one thread to read and another to write, which speaks
  /// `api` ("1.41"), and which messages name `daemon`.
  HelperContainer(const HttpClient::Connect& connect, const std::string& api, std::string daemon);
  ~HelperContainer() { end(); }
  HelperContainer(const HelperContainer&) = delete;
  HelperContainer& operator=(const HelperContainer&) = delete;

  /// Removes what killed runs have left, and makes an image of this program, which is one for the daemon's machine.
  /// Throws ExitCode::engine or disk.
  void make_image(ByteView program);
  /// Its ID.
  [[nodiscard]] const std::string& image() const { return image_; }

  /// REQUIRES: make_image(). Throws ExitCode::engine if there can be no such container, ExitCode::helper if the helper
  /// does not do in it. Then the container is gone, and another run may be tried.
  void run(const HelperRun& run);

  /// The helper's standard streams, once.
  [[nodiscard]] std::unique_ptr<Channel> take_channel() { return std::move(channel_); }
  [[nodiscard]] uint64_t uploaded_bytes() const { return uploaded_bytes_; }

  /// Lets go of its channel, if nobody took that, and removes it.
  void end() noexcept;

  /// Waits for the helper to end by itself, which it does when its channel is closed and all is undone; then removes
  /// what is left of it. A failure is said, not thrown.
  void remove() noexcept;

 private:
  /// The JSON of the answer; throws where it is an error.
  [[nodiscard]] std::string ask(std::string_view method, const std::string& path);
  void post(const std::string& path, std::string_view content_type, ByteView body, Sink& answer);
  void sweep();
  void remove_image(const std::string& id);
  void start();
  void remove_container();

  const HttpClient::Connect connect_;
  const std::string daemon_;
  HttpClient http_;
  const std::string api_;  ///< "/v1.41"
  std::string image_;      ///< its ID, while there is one
  std::string container_;  ///< likewise
  bool started_ = false;
  std::unique_ptr<AttachChannel> channel_;
  uint64_t uploaded_bytes_ = 0;
};

}  // namespace docker_sync
