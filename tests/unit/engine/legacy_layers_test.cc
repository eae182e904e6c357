// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/legacy_layers.h"

#include <doctest/doctest.h>

using namespace docker_sync;

namespace {

// As Docker 20.10 saved an image of three layers.
const std::vector<Digest> kDiffIds{
    Digest::parse("sha256:dac123a80dbd8fa2343227c543e0257e6fbe638c9418860f698ea90072ce3077"),
    Digest::parse("sha256:8166d9a3ba4b86ddae4d3a59eee2b2fa398609f765ce2d6e9194bbbd0453c17e"),
    Digest::parse("sha256:150634fcb3fce55dbc6bab4ac8d1b28d360d24941d575bab235b9f38cdc2fac7")};
const std::string kBase = "932fcf2161f352aab5c3f7f5ed4318bdf1620766ee946144c04bd02b99a578db";
const std::string kMiddle = "181f9a5f441102b3f8c117ecd506bc8df60c83e2a022505d3a205bfeace4e829";
const std::string kTop = "a67d4e92c5fd867d9f14fd107d08003e709e05e6f2b3feedc0e6cc97c4f22d5f";
const std::string kCreated =
    R"(,"created":"1970-01-01T00:00:00Z","container_config":{"Hostname":"","Domainname":"","User":"",)"
    R"("AttachStdin":false,"AttachStdout":false,"AttachStderr":false,"Tty":false,"OpenStdin":false,"StdinOnce":false,)"
    R"("Env":null,"Cmd":null,"Image":"","Volumes":null,"WorkingDir":"","Entrypoint":null,"OnBuild":null,)"
    R"("Labels":null},"os":"linux")";

void add(LegacyLayers& layers, const std::string& id, const std::string& more) {
  layers.add(id + "/json", as_bytes(R"({"id":")" + id + '"' + more + "}"));
}

std::string with_parent(const std::string& id) { return R"(,"parent":")" + id + '"' + kCreated; }

}  // namespace

TEST_CASE("a layer's number is known by itself, in whatever order they come") {
  LegacyLayers layers(kDiffIds);
  CHECK_FALSE(layers.number_of(kMiddle + "/layer.tar"));
  add(layers, kMiddle, with_parent(kBase));
  CHECK(layers.number_of(kMiddle + "/layer.tar") == 1);
  CHECK_FALSE(layers.number_of(kMiddle + "/json"));
  CHECK_FALSE(layers.number_of(kBase + "/layer.tar"));
  add(layers, kBase, kCreated);
  CHECK(layers.number_of(kBase + "/layer.tar") == 0);
  add(layers, kTop, R"(,"parent":")" + kMiddle + R"(","created":"2026-11-28T20:57:24.857477574Z","config":{},)"
                    R"("architecture":"amd64","os":"linux")");
  CHECK(layers.number_of(kTop + "/layer.tar") == 2);
}

TEST_CASE("a layer of another image is none of this one's") {
  LegacyLayers layers({kDiffIds[0], kDiffIds[2], kDiffIds[1]});
  add(layers, kBase, kCreated);
  add(layers, kMiddle, with_parent(kBase));
  CHECK(layers.number_of(kBase + "/layer.tar") == 0);
  CHECK_FALSE(layers.number_of(kMiddle + "/layer.tar"));
}

TEST_CASE("what is no description of a layer tells nothing") {
  LegacyLayers layers(kDiffIds);
  for (const std::string text : {"", "{", "[]", R"({"id":"b"})", R"({"id":1})", R"({"parent":"b"})", R"({"id":"a"})",
                                 R"({"id":"a","parent":1})", R"({"id":"a","parent":"a"})"}) {
    layers.add("a/json", as_bytes(text));
  }
  const std::string deep(1'000'000, '[');
  layers.add("a/json", as_bytes(R"({"id":"a","x":)" + deep + std::string(deep.size(), ']') + "}"));
  CHECK_FALSE(layers.number_of("a/layer.tar"));
  layers.add("json", as_bytes(R"({"id":"","architecture":"amd64"})"));
  CHECK_FALSE(layers.number_of("layer.tar"));
  layers.add("x/a/json", as_bytes(R"({"id":"a","architecture":"amd64"})"));
  CHECK_FALSE(layers.number_of("x/a/layer.tar"));
  LegacyLayers none({});
  none.add("a/json", as_bytes(R"({"id":"a","architecture":"amd64"})"));
  CHECK_FALSE(none.number_of("a/layer.tar"));
}
