// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What a sync would do, worked out of two inventories alone: which images are current, which layers of the others are
// needed, and what they can be built from. Pure: no engine, no wire, no clock.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/image_info.h"
#include "wire/message.h"

namespace docker_sync {

/// The user's words.
enum class Status { current, need_update, new_image };
[[nodiscard]] std::string_view name_of(Status status);  ///< "current", "need update", "new"

/// Which side's image of that name was created later.
enum class Newer { source, destination, same, unknown };

/// Why an image at the destination was taken as basis, in the order of preference.
enum class BasisKind { none, same_name, common_parent, same_repository };

struct BasisChoice {
  BasisKind kind = BasisKind::none;
  std::string id;     ///< the destination's engine ID
  std::string label;  ///< its name, or the start of its ID, for people
};

struct ImagePlan {
  Reference name;
  Status status{};
  Newer newer = Newer::unknown;
  ImageInfo source;
  std::optional<ImageInfo> destination;  ///< the one of the same name
  /// The destination has that very image under another name, or none: it only needs the name.
  std::optional<std::string> present_id;
  std::vector<PlannedLayer> layers;  ///< of the source's image, base first
  BasisChoice basis;
  std::vector<std::string> basis_images;  ///< IDs to read: the basis, and images that hold local layers
  std::vector<Digest> basis_layers;       ///< theirs, those to prefer last

  [[nodiscard]] size_t layers_needed() const;  ///< those that travel
};

/// REQUIRES: `source` has that name.
[[nodiscard]] ImagePlan plan_image(const Reference& name, const ImageInfo& source,
                                   const std::vector<ImageInfo>& destination);

/// The plan that uses nothing of the destination but the chain prefix: all other layers travel whole.
[[nodiscard]] ImagePlan without_basis(ImagePlan plan);

/// Which of two RFC 3339 times in UTC is later; unknown if either is something else.
[[nodiscard]] Newer compare_created(std::string_view source, std::string_view destination);

/// The image of that name, if any.
[[nodiscard]] const ImageInfo* find_image(const std::vector<ImageInfo>& images, const Reference& name);

}  // namespace docker_sync
