// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/helper_image.h"

#include <doctest/doctest.h>

#include "image/tar_header.h"

using namespace docker_sync;

TEST_CASE("the image's layer is the helper alone, as a program") {
  const std::string program(1000, 'p');
  const Bytes layer = make_helper_layer(as_bytes(program));
  REQUIRE(layer.size() == kTarBlock + program.size() + tar_padding(program.size()) + 2 * kTarBlock);
  const auto header = parse_header(ByteView(layer).first(kTarBlock));
  REQUIRE(header.has_value());
  CHECK("/" + header->path() == kHelperPath);
  CHECK(header->mode == 0755);
  CHECK(header->size == program.size());
  CHECK(as_text(ByteView(layer).subspan(kTarBlock, program.size())) == program);
  CHECK(ByteView(layer).subspan(kTarBlock + program.size())[0] == 0);
}

TEST_CASE("architectures by their name at the daemon") {
  CHECK(machine_of("amd64") == "x86_64");
  CHECK(machine_of("arm64") == "aarch64");
  CHECK(machine_of("mips").empty());
}
