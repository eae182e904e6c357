// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "sync/plan.h"

#include <doctest/doctest.h>

using namespace docker_sync;

namespace {

ImageInfo image(const std::string& id, const std::vector<std::string>& names, const std::vector<std::string>& layers,
                const std::string& created = "2024-01-01T00:00:00Z") {
  ImageInfo result;
  result.id = id;
  result.created = created;
  result.identity.config = Digest::of(as_bytes(id));
  for (const std::string& name : names) result.names.push_back(Reference::parse(name));
  for (const std::string& name : layers) result.identity.diff_ids.push_back(Digest::of(as_bytes(name)));
  return result;
}

ImagePlan plan(const ImageInfo& source, const std::vector<ImageInfo>& destination) {
  return plan_image(source.names.at(0), source, destination);
}

/// "PLT": present, local, travels.
std::string origins(const ImagePlan& plan) {
  std::string text;
  for (const PlannedLayer& layer : plan.layers) text += "PLT"[static_cast<size_t>(layer.origin)];
  return text;
}

const ImageInfo kNew = image("new", {"app:1"}, {"a", "b", "c"}, "2024-02-01T00:00:00Z");

}  // namespace

TEST_CASE("an image that is nowhere at the destination is new and travels whole, without basis") {
  const ImagePlan made = plan(kNew, {image("other", {"other"}, {"x"})});
  CHECK(made.status == Status::new_image);
  CHECK(origins(made) == "TTT");
  CHECK(made.basis.kind == BasisKind::none);
  CHECK(made.basis_images.empty());
}

TEST_CASE("the same identity under the same name is current, whatever the engine's ID") {
  ImageInfo there = kNew;
  there.id = "an ID of another store";
  const ImagePlan made = plan(kNew, {there});
  CHECK(made.status == Status::current);
  CHECK(made.newer == Newer::same);
}

TEST_CASE("an image that differs only in its config needs update, and no layer of it travels") {
  const ImagePlan made = plan(kNew, {image("old", {"app:1"}, {"a", "b", "c"})});
  CHECK(made.status == Status::need_update);
  CHECK(made.newer == Newer::source);
  CHECK(origins(made) == "PPP");
  CHECK(made.basis.kind == BasisKind::none);
}

TEST_CASE("the layers needed are those behind the longest chain prefix of any image, dangling ones too") {
  const ImagePlan made = plan(kNew, {image("one", {"base"}, {"a"}), image("two", {}, {"a", "b", "q"})});
  CHECK(origins(made) == "PPT");
  CHECK(made.basis.kind == BasisKind::common_parent);
  CHECK(made.basis.id == "two");
}

TEST_CASE("the basis is the same name before the highest common parent") {
  const ImagePlan made = plan(kNew, {image("parent", {"base"}, {"a", "b"}), image("old", {"app:1"}, {"x"})});
  CHECK(origins(made) == "PPT");
  CHECK(made.basis.kind == BasisKind::same_name);
  CHECK(made.basis.id == "old");
  CHECK(made.basis.label == "app:1");
}

TEST_CASE("without either the basis is the newest of the same repository") {
  const ImagePlan made = plan(kNew, {image("zero", {"app:0"}, {"x"}, "2023-01-01T00:00:00Z"),
                                     image("two", {"app:2"}, {"y"}, "2024-01-05T00:00:00Z"),
                                     image("else", {"other:9"}, {"z"}, "2025-01-01T00:00:00Z")});
  CHECK(made.basis.kind == BasisKind::same_repository);
  CHECK(made.basis.label == "app:2");
}

TEST_CASE("a layer in another chain of the destination is local, and its image is read") {
  const ImagePlan made = plan(kNew, {image("swapped", {}, {"b", "a"}), image("old", {"app:1"}, {"x"})});
  CHECK(origins(made) == "LLT");
  CHECK(made.basis_images == std::vector<std::string>{"old", "swapped"});
}

TEST_CASE("the very image under another name is found") {
  ImageInfo there = kNew;
  there.names = {Reference::parse("renamed:1")};
  const ImagePlan made = plan(kNew, {there});
  CHECK(made.status == Status::new_image);
  CHECK(made.present_id == "new");
}

TEST_CASE("times compare to the nanosecond, and only where both are UTC") {
  CHECK(compare_created("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000Z") == Newer::same);
  CHECK(compare_created("2024-01-01T00:00:00.000000001Z", "2024-01-01T00:00:00Z") == Newer::source);
  CHECK(compare_created("2024-01-01T00:00:00.5Z", "2024-01-01T00:00:00.49Z") == Newer::source);
  CHECK(compare_created("2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z") == Newer::destination);
  CHECK(compare_created("2024-01-01T00:00:00+02:00", "2024-01-01T00:00:01Z") == Newer::unknown);
  CHECK(compare_created("", "2024-01-01T00:00:01Z") == Newer::unknown);
}
