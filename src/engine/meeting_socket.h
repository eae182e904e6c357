// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A socket by which a container of this host finds us: what goes through the engine's own stream from a container takes
// five times as long.
#pragma once

#include <string>

#include "base/fd.h"

namespace docker_sync {

class MeetingSocket {
 public:
  /// The name of the socket in folder().
  static constexpr const char* kName = "socket";

  /// Listens in a folder of its own, which nobody else may enter. Throws ExitCode::disk if there can be none.
  MeetingSocket();
  /// Removes the folder. Who has met stays connected.
  ~MeetingSocket();
  MeetingSocket(const MeetingSocket&) = delete;
  MeetingSocket& operator=(const MeetingSocket&) = delete;

  [[nodiscard]] const std::string& folder() const { return folder_; }
  /// Who has come; none if nobody has.
  [[nodiscard]] Fd accept() const;

  /// To such a socket; none if that leads nowhere.
  [[nodiscard]] static Fd connect(const std::string& path);

 private:
  std::string folder_;
  Fd socket_;
};

}  // namespace docker_sync
