// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/ends.h"

#include <algorithm>

#include "base/error.h"

namespace docker_sync {

namespace {

std::vector<Address> parse_list(const std::string& text) {
  std::vector<Address> hosts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    hosts.push_back(Address::parse(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
  }
  return hosts;
}

Ends checked(Ends ends) {
  for (auto destination = ends.destinations.begin(); destination != ends.destinations.end(); ++destination) {
    if (*destination == ends.source) {
      throw Error(ExitCode::usage, destination->display() + " is both source and destination",
                  "name another one with -s or -d");
    }
    if (std::find(ends.destinations.begin(), destination, *destination) != destination) {
      throw Error(ExitCode::usage, destination->display() + " is given twice as destination", "name it once");
    }
  }
  return ends;
}

}  // namespace

Ends ends_of_host(const std::string& host, bool push) {
  return checked(push ? Ends{{}, parse_list(host)} : Ends{Address::parse(host), {Address{}}});
}

Ends ends_of_addresses(const std::string& source, const std::vector<std::string>& destinations) {
  Ends ends;
  if (!source.empty()) ends.source = Address::parse(source);
  for (const std::string& address : destinations) ends.destinations.push_back(Address::parse(address));
  if (destinations.empty()) ends.destinations = {Address{}};
  return checked(std::move(ends));
}

}  // namespace docker_sync
