// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// From where to where: what HOST, --push, -s and -d together mean.
#pragma once

#include <string>
#include <vector>

#include "reach/address.h"

namespace docker_sync {

struct Ends {
  Address source;
  std::vector<Address> destinations;  ///< at least one, each once, none of them the source
};

/// `host` is another one to pull from, or with `push` several with commas between to push to.
[[nodiscard]] Ends ends_of_host(const std::string& host, bool push);

/// Of -s and -d; what is left out is local. Both throw ExitCode::usage for what is no address, for a destination that
/// is the source, and for one that is given twice.
[[nodiscard]] Ends ends_of_addresses(const std::string& source, const std::vector<std::string>& destinations);

}  // namespace docker_sync
