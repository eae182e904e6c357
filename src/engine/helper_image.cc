// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/helper_image.h"

#include <algorithm>

#include "image/tar_header.h"

namespace docker_sync {

namespace {

constexpr size_t kEndMark = 2 * kTarBlock;
constexpr uint64_t kProgramMode = 0755;

}  // namespace

Bytes make_helper_layer(ByteView program) {
  TarHeader header;
  header.name = std::string(kHelperPath).substr(1);
  header.mode = kProgramMode;
  header.size = program.size();
  Bytes tar(kTarBlock + program.size() + tar_padding(program.size()) + kEndMark, 0);
  render_header(header, MutableBytes(tar).first(kTarBlock));
  std::copy(program.begin(), program.end(), tar.begin() + kTarBlock);
  return tar;
}

std::string machine_of(const std::string& architecture) {
  if (architecture == "amd64" || architecture == "x86_64") return "x86_64";
  if (architecture == "arm64" || architecture == "aarch64") return "aarch64";
  return {};
}

}  // namespace docker_sync
