// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Contents that the destination has in images which are no basis, as far as the cache holds the indexes of their
// layers. Where they are worth reading an image, the source is answered that they are here, and the layers that hold
// them are read at once, when everything has been offered. What then does not come (an image was removed meanwhile) is
// asked for again. Rejected: to make a basis of them, which would read every image each time.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/spool.h"
#include "endpoint/basis.h"
#include "engine/engine.h"
#include "image/layer_reader.h"

namespace docker_sync {

/// A content that the source asks for.
struct AskedContent {
  ShortHash hash = 0;
  uint64_t size = 0;
  std::optional<BasisFile> here;  ///< where it is in the basis
  bool elsewhere = false;  ///< it will be read from another image
};

class OtherImages {
 public:
  /// All referred to must outlive this.
  OtherImages(Engine& engine, const SpoolSpace& space, const LayerCache& cache, const Basis& basis,
              LayerReader reader, StageTimes& times)
      : engine_(engine), space_(space), cache_(cache), basis_(basis), reader_(reader), times_(times) {}

  /// Marks those of a block's contents that are to be read from other images: not here, large, and together
  /// with those marked before worth the reading. Looks at the cache when there may be something to gain. Memory: 24
  /// bytes per large content in other images, 12 MB at most. REQUIRES: the basis is sealed.
  void choose(std::deque<AskedContent>& asked);

  /// Reads what was marked. What cannot be read is not in the result. `on_progress` may throw, which is thrown on.
  /// Scratch: as read_layers().
  [[nodiscard]] std::unique_ptr<const Basis> read(const std::function<void()>& on_progress);

 private:
  struct Held {
    ShortHash hash;
    uint64_t size;
    uint32_t layer;  ///< of layers_
    auto operator<=>(const Held&) const = default;
  };

  void look_at_cache();
  /// One of the layers that hold it, of `preferred` if any of these does; null if none does.
  [[nodiscard]] const Digest* find(const AskedContent& asked, const std::set<Digest>& preferred) const;
  [[nodiscard]] bool pays(uint64_t bytes, std::set<Digest> layers) const;

  Engine& engine_;
  const SpoolSpace& space_;
  const LayerCache& cache_;
  const Basis& basis_;
  const LayerReader reader_;
  StageTimes& times_;
  std::optional<std::vector<ImageInfo>> images_;  ///< once they were looked at
  std::vector<Digest> layers_;
  std::vector<Held> held_;  ///< sorted
  std::set<Digest> chosen_;
  uint64_t chosen_bytes_ = 0;
};

}  // namespace docker_sync
