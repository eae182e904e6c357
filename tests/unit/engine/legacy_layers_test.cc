// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/legacy_layers.h"

#include <doctest/doctest.h>

using namespace docker_sync;

namespace {

void add(LegacyLayers& layers, const std::string& id, const std::string& more) {
  const std::string text = R"({"id":")" + id + R"(","created":"1970-01-01T00:00:00Z")" + more + "}";
  layers.add(id + "/json", as_bytes(text));
}

}  // namespace

TEST_CASE("a layer's number is known by all below it, or by its platform") {
  LegacyLayers layers;
  add(layers, "c", R"(,"parent":"b")");
  CHECK_FALSE(layers.number_of("c/layer.tar", 4));
  add(layers, "d", R"(,"parent":"c","architecture":"amd64","config":{})");
  CHECK(layers.number_of("d/layer.tar", 4) == 3);
  add(layers, "a", "");
  CHECK(layers.number_of("a/layer.tar", 4) == 0);
  CHECK_FALSE(layers.number_of("c/layer.tar", 4));
  add(layers, "b", R"(,"parent":"a")");
  CHECK(layers.number_of("b/layer.tar", 4) == 1);
  CHECK(layers.number_of("c/layer.tar", 4) == 2);
  CHECK_FALSE(layers.number_of("c/layer.tar", 2));
  CHECK_FALSE(layers.number_of("c/json", 4));
  CHECK_FALSE(layers.number_of("d/layer.tar", 0));
}

TEST_CASE("what is no description of a layer tells nothing") {
  LegacyLayers layers;
  for (const std::string text : {"", "{", "[]", R"({"id":"b"})", R"({"id":1})", R"({"parent":"b"})"}) {
    layers.add("a/json", as_bytes(text));
  }
  CHECK_FALSE(layers.number_of("a/layer.tar", 1));
  layers.add("json", as_bytes(R"({"id":""})"));
  CHECK_FALSE(layers.number_of("layer.tar", 1));
  layers.add("x/a/json", as_bytes(R"({"id":"a"})"));
  CHECK_FALSE(layers.number_of("x/a/layer.tar", 1));
  // Each the other's parent.
  layers.add("a/json", as_bytes(R"({"id":"a","parent":"b"})"));
  layers.add("b/json", as_bytes(R"({"id":"b","parent":"a"})"));
  CHECK_FALSE(layers.number_of("a/layer.tar", 100));
}
