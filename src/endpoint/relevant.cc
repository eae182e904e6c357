// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/relevant.h"

#include <algorithm>
#include <set>

namespace docker_sync {

namespace {

/// Marks the image with the longest common prefix, and for each layer behind it an image that holds that layer.
void mark_for_chain(const std::vector<ImageInfo>& images, const std::vector<Digest>& chain, std::vector<bool>& wanted) {
  size_t longest = 0;
  std::optional<size_t> closest;
  for (size_t i = 0; i < images.size(); ++i) {
    const size_t shared = common_prefix(images[i].identity.diff_ids, chain);
    if (shared > longest) {
      longest = shared;
      closest = i;
    }
  }
  if (closest) wanted[*closest] = true;
  std::set<Digest> elsewhere(chain.begin() + static_cast<ptrdiff_t>(longest), chain.end());
  for (size_t i = 0; i < images.size() && !elsewhere.empty(); ++i) {
    for (const Digest& layer : images[i].identity.diff_ids) {
      if (elsewhere.erase(layer) > 0) wanted[i] = true;
    }
  }
}

}  // namespace

std::vector<ImageInfo> relevant_images(std::vector<ImageInfo> images, const Query& query) {
  if (query.everything) return images;
  std::set<std::string> repositories;
  for (const std::string& name : query.names) repositories.insert(Reference::parse(name).repository());
  std::vector<bool> wanted(images.size());
  for (size_t i = 0; i < images.size(); ++i) {
    wanted[i] = std::any_of(images[i].names.begin(), images[i].names.end(),
                            [&](const Reference& name) { return repositories.contains(name.repository()); });
  }
  for (const Chain& chain : query.chains) mark_for_chain(images, chain.diff_ids, wanted);

  std::vector<ImageInfo> result;
  for (size_t i = 0; i < images.size(); ++i) {
    if (wanted[i]) result.push_back(std::move(images[i]));
  }
  return result;
}

}  // namespace docker_sync
