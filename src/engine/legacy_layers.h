// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Which layer of an image a save archive of Docker before 25 has in which folder. Folders are named by an ID of that
// format's own, and come sorted by it: in no order of the layers. The `json` in a folder, which comes before its
// layer's tar, tells which layer it is. That of the topmost has a platform, as no other has. The ID of each other one
// is the sha256 of what its `json` says and of its layer's chain ID: which of the image's layers makes that ID is found
// by trying.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "image/digest.h"

namespace docker_sync {

class LegacyLayers {
 public:
  /// `diff_ids`: the image's layers, base first.
  explicit LegacyLayers(const std::vector<Digest>& diff_ids);
  /// A file of the archive that may be one of these. Any bytes: what they do not tell is not known.
  void add(std::string_view path, ByteView content);
  /// The number, counted from the base, of the layer at that path.
  [[nodiscard]] std::optional<size_t> number_of(std::string_view path) const;

 private:
  const std::vector<Digest> chain_ids_;
  std::map<std::string, size_t, std::less<>> numbers_;  ///< by folder
};

}  // namespace docker_sync
