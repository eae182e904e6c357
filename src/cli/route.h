// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Which end of a sync is here and which there. All below the program speaks of source and destination; the user thinks
// of this host and the other one, unless both ends are others.
#pragma once

#include <string>
#include <string_view>

#include "reach/address.h"

namespace docker_sync {

inline constexpr std::string_view kThisHost = "this host";

struct Route {
  std::string host;  ///< the other one, as messages name it; between two others the destination
  bool push = false;
  std::string from = {};  ///< between two others: the source; then `push` is true

  /// `local` is here; where neither end or both are, the route is between two others.
  [[nodiscard]] static Route between(const Address& source, const Address& destination) {
    if (destination.kind == Address::Kind::local) return {source.display(), false, {}};
    const bool here = source.kind == Address::Kind::local;
    return {destination.display(), true, here ? std::string() : source.display()};
  }

  [[nodiscard]] bool between_others() const { return !from.empty(); }
  [[nodiscard]] std::string_view direction() const { return between_others() ? "between" : push ? "push" : "pull"; }
  [[nodiscard]] std::string source() const { return between_others() ? from : push ? std::string(kThisHost) : host; }
  [[nodiscard]] std::string destination() const { return push ? host : std::string(kThisHost); }

  // One word for each end, for tables and for --json.
  [[nodiscard]] std::string_view here_word() const { return between_others() ? "source" : "here"; }
  [[nodiscard]] std::string_view there_word() const { return between_others() ? "destination" : "there"; }
  [[nodiscard]] std::string_view source_word() const { return push ? here_word() : there_word(); }
  [[nodiscard]] std::string_view destination_word() const { return push ? there_word() : here_word(); }
};

}  // namespace docker_sync
