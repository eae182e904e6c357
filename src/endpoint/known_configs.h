// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Config digests of images whose engine does not tell them, learnt when such an image was read or loaded, in the user's
// cache. The engine's ID of such an image is the digest of what names the config, so what was true once stays true.
// Kept as symbolic links from the ID to the digest: they are there whole or not at all, and need no lock. Rejected: to
// ask for the config each time, which reads the image.
#pragma once

#include <optional>
#include <string>

#include "image/digest.h"

namespace docker_sync {

class KnownConfigs {
 public:
  static constexpr size_t kMost = 4096;

  /// `folder` is made when it is first needed; empty: nothing is kept. One of more than `most` images makes all others
  /// be forgotten.
  explicit KnownConfigs(std::string folder, size_t most = kMost) : folder_(std::move(folder)), most_(most) {}

  /// Nothing where it is not known, or the ID is no digest. Neither method throws.
  [[nodiscard]] std::optional<Digest> find(const std::string& image_id) const;
  void store(const std::string& image_id, const Digest& config) const;

 private:
  std::string folder_;
  size_t most_;
};

}  // namespace docker_sync
