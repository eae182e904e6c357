// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "sync/plan.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace docker_sync {

namespace {

std::string label_of(const ImageInfo& image) {
  if (!image.names.empty()) return image.names.front().familiar();
  return image.id.substr(0, std::string("sha256:").size() + 12);
}

/// The image whose chain shares the longest prefix, at least one layer; the later created of equals.
const ImageInfo* highest_common_parent(const std::vector<Digest>& chain, const std::vector<ImageInfo>& images,
                                       size_t& shared) {
  const ImageInfo* best = nullptr;
  shared = 0;
  for (const ImageInfo& image : images) {
    const size_t count = common_prefix(image.identity.diff_ids, chain);
    if (count == 0 || count < shared) continue;
    if (count == shared && best != nullptr && image.created <= best->created) continue;
    best = &image;
    shared = count;
  }
  return best;
}

BasisChoice choose_basis(const Reference& name, const ImageInfo* same_name, const ImageInfo* parent,
                         const std::vector<ImageInfo>& images) {
  if (same_name != nullptr) return {BasisKind::same_name, same_name->id, name.familiar()};
  if (parent != nullptr) return {BasisKind::common_parent, parent->id, label_of(*parent)};
  const ImageInfo* latest = nullptr;
  for (const ImageInfo& image : images) {
    const bool sibling = std::any_of(image.names.begin(), image.names.end(),
                                     [&](const Reference& other) { return other.repository() == name.repository(); });
    if (sibling && (latest == nullptr || image.created > latest->created)) latest = &image;
  }
  if (latest == nullptr) return {};
  return {BasisKind::same_repository, latest->id, label_of(*latest)};
}

/// Adds an image for each layer that the destination has, but not where the new image needs it.
void plan_local_layers(ImagePlan& plan, const std::vector<ImageInfo>& images) {
  for (PlannedLayer& layer : plan.layers) {
    if (layer.origin == LayerOrigin::present) continue;
    for (const ImageInfo& image : images) {
      const auto& chain = image.identity.diff_ids;
      if (std::find(chain.begin(), chain.end(), layer.diff_id) == chain.end()) continue;
      layer.origin = LayerOrigin::local;
      if (std::find(plan.basis_images.begin(), plan.basis_images.end(), image.id) == plan.basis_images.end()) {
        plan.basis_images.push_back(image.id);
      }
      break;
    }
  }
}

/// The layers of the images in the order in which a basis prefers the later: the least alike image first, each from its
/// base up. A layer of several images stands where it is preferred most.
std::vector<Digest> by_preference(const std::vector<std::string>& most_alike_first,
                                  const std::vector<ImageInfo>& images) {
  std::vector<Digest> order;
  std::set<Digest> seen;
  for (const std::string& id : most_alike_first) {
    const auto image = std::find_if(images.begin(), images.end(), [&](const ImageInfo& one) { return one.id == id; });
    const auto& chain = image->identity.diff_ids;
    for (auto layer = chain.rbegin(); layer != chain.rend(); ++layer) {
      if (seen.insert(*layer).second) order.push_back(*layer);
    }
  }
  return {order.rbegin(), order.rend()};
}

}  // namespace

std::string_view name_of(Status status) {
  switch (status) {
    case Status::current:
      return "current";
    case Status::need_update:
      return "need update";
    case Status::new_image:
      return "new";
  }
  return {};
}

size_t ImagePlan::layers_needed() const {
  return static_cast<size_t>(std::count_if(
      layers.begin(), layers.end(), [](const PlannedLayer& layer) { return layer.origin == LayerOrigin::travels; }));
}

ImagePlan plan_image(const Reference& name, const ImageInfo& source, const std::vector<ImageInfo>& destination) {
  ImagePlan plan{name, Status::new_image, Newer::unknown, source, std::nullopt, std::nullopt, {}, {}, {}, {}};
  const ImageInfo* same_name = find_image(destination, name);
  if (same_name != nullptr) {
    plan.destination = *same_name;
    plan.newer = compare_created(source.created, same_name->created);
    plan.status = same_name->identity.same_as(source.identity) ? Status::current : Status::need_update;
  }
  for (const ImageInfo& image : destination) {
    if (image.identity.same_as(source.identity)) plan.present_id = image.id;
  }
  const auto& chain = source.identity.diff_ids;
  size_t shared = 0;
  const ImageInfo* parent = highest_common_parent(chain, destination, shared);
  for (size_t i = 0; i < chain.size(); ++i) {
    plan.layers.push_back({chain[i], i < shared ? LayerOrigin::present : LayerOrigin::travels});
  }
  if (shared < chain.size()) {
    plan.basis = choose_basis(name, same_name, parent, destination);
    if (plan.basis.kind != BasisKind::none) plan.basis_images.push_back(plan.basis.id);
    plan_local_layers(plan, destination);
    plan.basis_layers = by_preference(plan.basis_images, destination);
  }
  return plan;
}

ImagePlan without_basis(ImagePlan plan) {
  for (PlannedLayer& layer : plan.layers) {
    if (layer.origin == LayerOrigin::local) layer.origin = LayerOrigin::travels;
  }
  plan.basis = {};
  plan.basis_images.clear();
  plan.basis_layers.clear();
  return plan;
}

Newer compare_created(std::string_view source, std::string_view destination) {
  // "2024-01-02T03:04:05" and up to nine digits of a second, "Z".
  static constexpr size_t kSeconds = 19;
  const auto parts = [](std::string_view time) -> std::optional<std::string> {
    if (time.size() <= kSeconds || time.back() != 'Z') return std::nullopt;
    std::string digits(time.substr(0, kSeconds));
    std::string fraction(time.substr(kSeconds, time.size() - kSeconds - 1));
    fraction.resize(10, '0');
    return digits + fraction.substr(1);
  };
  const auto a = parts(source), b = parts(destination);
  if (!a || !b) return Newer::unknown;
  return *a == *b ? Newer::same : *a > *b ? Newer::source : Newer::destination;
}

const ImageInfo* find_image(const std::vector<ImageInfo>& images, const Reference& name) {
  const auto found = std::find_if(images.begin(), images.end(), [&](const ImageInfo& image) {
    return std::find(image.names.begin(), image.names.end(), name) != image.names.end();
  });
  return found == images.end() ? nullptr : &*found;
}

}  // namespace docker_sync
