// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// How fast the ways between hosts were when something last went over them, in the user's cache: what a sync would else
// find out in its middle, it knows at its beginning. What it then measures counts for more. Kept as symbolic links,
// which are there whole or not at all, and need no lock. Rejected: to measure by bytes of no other use, which would be
// most of what a small sync sends.
#pragma once

#include <string>

#include "wire/message.h"

namespace docker_sync {

class KnownLinks {
 public:
  static constexpr size_t kMost = 1024;

  /// `folder` is made when it is first needed; empty: nothing is kept. One of more than `most` ways makes all others be
  /// forgotten.
  explicit KnownLinks(std::string folder, size_t most = kMost) : folder_(std::move(folder)), most_(most) {}

  /// Those in the user's cache.
  [[nodiscard]] static KnownLinks of_user();

  /// From one host to another, as messages name them. Where that is not known, as it is the other way. Does not throw.
  [[nodiscard]] LinkRate find(const std::string& from, const std::string& to) const;

  /// Nothing is changed by a rate that is not known, nor, if the way is known to take more, by one that is only the
  /// least, or more than half of that: what held it up may have been who reads. Does not throw.
  void store(const std::string& from, const std::string& to, const LinkRate& rate) const;

 private:
  std::string folder_;
  size_t most_;
};

}  // namespace docker_sync
