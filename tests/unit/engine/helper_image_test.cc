// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/helper_image.h"

#include <doctest/doctest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "image/digest.h"
#include "image/tar_header.h"

using namespace docker_sync;
using nlohmann::json;

namespace {

const std::string kProgram(1000, 'p');

std::string archive(const std::string& nonce) {
  const auto source = make_helper_image(as_bytes(kProgram), "amd64", nonce, 1'700'000'000);
  std::string bytes;
  Bytes block(700);
  while (const size_t count = source->read(block)) bytes.append(as_text(ByteView(block).first(count)));
  return bytes;
}

/// {path: content} of a plain tar of files.
std::map<std::string, std::string> files_of(const std::string& tar) {
  std::map<std::string, std::string> files;
  for (size_t at = 0; at + kTarBlock <= tar.size();) {
    const auto header = parse_header(as_bytes(tar.substr(at, kTarBlock)));
    if (!header) break;
    files[header->path()] = tar.substr(at + kTarBlock, header->size);
    at += kTarBlock + header->size + tar_padding(header->size);
  }
  return files;
}

}  // namespace

TEST_CASE("the image has one layer with the helper alone, as a program") {
  const auto files = files_of(archive("n"));
  const json manifest = json::parse(files.at("manifest.json"))[0];
  const std::string layer = files.at(manifest["Layers"][0].get<std::string>());
  const auto header = parse_header(as_bytes(layer.substr(0, kTarBlock)));
  REQUIRE(header.has_value());
  CHECK("/" + header->path() == kHelperPath);
  CHECK(header->mode == 0755);
  CHECK(files_of(layer) == std::map<std::string, std::string>{{"docker-sync-helper", kProgram}});
  CHECK(manifest["Layers"].size() == 1);
  CHECK(manifest["RepoTags"].is_null());

  const json config = json::parse(files.at(manifest["Config"].get<std::string>()));
  CHECK(config["architecture"] == "amd64");
  CHECK(config["created"] == "2023-11-14T22:13:20Z");
  CHECK(config["config"]["Labels"] == json{{kHelperLabel, "n"}});
  CHECK(config["rootfs"]["diff_ids"] == json{Digest::of(as_bytes(layer)).text()});
}

TEST_CASE("no two runs have the same image") {
  const auto config_of = [](const std::string& nonce) {
    return json::parse(files_of(archive(nonce)).at("manifest.json"))[0]["Config"];
  };
  CHECK(config_of("a") != config_of("b"));
  CHECK(config_of("a") == config_of("a"));
}

TEST_CASE("architectures by their name at the daemon") {
  CHECK(machine_of("amd64") == "x86_64");
  CHECK(machine_of("arm64") == "aarch64");
  CHECK(machine_of("mips").empty());
}
