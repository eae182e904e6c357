// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Which end of a sync is here and which there. All below the program speaks of source and destination; the user thinks
// of this host and the other one.
#pragma once

#include <string>
#include <string_view>

namespace docker_sync {

inline constexpr std::string_view kThisHost = "this host";

struct Route {
  std::string host;  ///< the other one, as messages name it
  bool push = false;

  [[nodiscard]] std::string_view direction() const { return push ? "push" : "pull"; }
  [[nodiscard]] std::string source() const { return push ? std::string(kThisHost) : host; }
  [[nodiscard]] std::string destination() const { return push ? host : std::string(kThisHost); }
  [[nodiscard]] std::string_view source_word() const { return push ? "here" : "there"; }
  [[nodiscard]] std::string_view destination_word() const { return push ? "there" : "here"; }
};

}  // namespace docker_sync
