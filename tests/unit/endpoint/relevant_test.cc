// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/relevant.h"

#include <doctest/doctest.h>

using namespace docker_sync;

namespace {

Digest layer(const std::string& name) { return Digest::of(as_bytes(name)); }

ImageInfo image(const std::string& id, const std::vector<std::string>& names, const std::vector<std::string>& layers) {
  ImageInfo result;
  result.id = id;
  for (const std::string& name : names) result.names.push_back(Reference::parse(name));
  for (const std::string& name : layers) result.identity.diff_ids.push_back(layer(name));
  return result;
}

const std::vector<ImageInfo> kImages = {
    image("same", {"app:1"}, {"x"}),       image("sibling", {"app:2"}, {"y"}),     image("parent", {}, {"a", "b"}),
    image("grandparent", {"base"}, {"a"}), image("holder", {"other"}, {"z", "c"}), image("stranger", {"else"}, {"q"}),
};

std::vector<std::string> relevant(const Query& query) {
  std::vector<std::string> ids;
  for (const ImageInfo& one : relevant_images(kImages, query)) ids.push_back(one.id);
  return ids;
}

}  // namespace

TEST_CASE("a query for everything gives everything") { CHECK(relevant({true, {}, {}}).size() == kImages.size()); }

TEST_CASE("a name brings its repository") {
  CHECK(relevant({false, {"docker.io/library/app:1"}, {}}) == std::vector<std::string>{"same", "sibling"});
}

TEST_CASE("a chain brings the highest common parent, dangling too, and who holds a further layer") {
  const Query query{false, {}, {Chain{{layer("a"), layer("b"), layer("c")}}}};
  CHECK(relevant(query) == std::vector<std::string>{"parent", "holder"});
}

TEST_CASE("nothing in common brings nothing") {
  CHECK(relevant({false, {"docker.io/library/unknown:1"}, {Chain{{layer("new")}}}}).empty());
}
