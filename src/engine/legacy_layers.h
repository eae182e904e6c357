// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Which layer of an image a save archive of Docker before 25 has in which folder. A folder is named by an ID of that
// format's own; the `json` in it, which comes before the layer's tar, names the folder of the layer below. So a layer's
// number is known once all below it have come, and the topmost one's by itself: no other has a platform.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace docker_sync {

class LegacyLayers {
 public:
  /// A file of the archive that may be one of these. Any bytes: what they do not tell is not known.
  void add(std::string_view path, ByteView content);
  /// The number, counted from the base, of the layer at that path, in an image of so many layers.
  [[nodiscard]] std::optional<size_t> number_of(std::string_view path, size_t layers) const;

 private:
  struct Folder {
    std::string parent;  ///< none: the base
    bool has_platform = false;
  };
  std::map<std::string, Folder, std::less<>> folders_;
};

}  // namespace docker_sync
