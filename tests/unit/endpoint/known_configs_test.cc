// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/known_configs.h"

#include <doctest/doctest.h>

#include <fstream>

#include "cache_scratch.h"

using namespace docker_sync;

namespace {

const Digest kImage = Digest::of(as_bytes("image")), kConfig = Digest::of(as_bytes("config"));

}  // namespace

TEST_CASE("a config digest that was stored is found by the image's ID, by the next run too") {
  const CacheScratch scratch;
  KnownConfigs(scratch.path + "/configs").store(kImage.text(), kConfig);
  const KnownConfigs known(scratch.path + "/configs");
  CHECK(known.find(kImage.text()) == kConfig);
  CHECK_FALSE(known.find(kConfig.text()));
  known.store(kImage.text(), kConfig);
  CHECK(known.find(kImage.text()) == kConfig);
}

TEST_CASE("what is no digest is not known, and leads nowhere") {
  const CacheScratch scratch;
  const KnownConfigs known(scratch.path + "/configs");
  for (const char* id : {"", "../../etc/passwd", "sha256:abc", "app:1"}) {
    known.store(id, kConfig);
    CHECK_FALSE(known.find(id));
  }
  CHECK_FALSE(std::filesystem::exists(scratch.path + "/configs"));
}

TEST_CASE("something else under an image's name is not known, and is replaced") {
  const CacheScratch scratch;
  const KnownConfigs known(scratch.path);
  const std::string path = scratch.path + "/" + kImage.hex();
  std::ofstream(path) << kConfig.text();
  CHECK_FALSE(known.find(kImage.text()));
  known.store(kImage.text(), kConfig);
  CHECK(known.find(kImage.text()) == kConfig);
  for (const std::string& target : {std::string("elsewhere"), std::string(200, 'x'), kConfig.text() + "0"}) {
    std::filesystem::remove(path);
    std::filesystem::create_symlink(target, path);
    CHECK_FALSE(known.find(kImage.text()));
  }
}

TEST_CASE("more than may be kept make the others be forgotten") {
  const CacheScratch scratch;
  const KnownConfigs known(scratch.path, 2);
  const Digest another = Digest::of(as_bytes("another")), third = Digest::of(as_bytes("third"));
  for (const Digest& image : {kImage, another, third}) known.store(image.text(), kConfig);
  CHECK_FALSE(known.find(kImage.text()));
  CHECK(known.find(third.text()) == kConfig);
}

TEST_CASE("without a folder, or one that cannot be written, nothing is kept") {
  for (const char* folder : {"", "/proc/nowhere"}) {
    const KnownConfigs known(folder);
    known.store(kImage.text(), kConfig);
    CHECK_FALSE(known.find(kImage.text()));
  }
}
