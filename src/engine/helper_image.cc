// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/helper_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "image/archive_writer.h"
#include "image/tar_header.h"

namespace docker_sync {

namespace {

using nlohmann::json;

constexpr size_t kEndMark = 2 * kTarBlock;
constexpr uint64_t kProgramMode = 0755;

Bytes make_layer(ByteView program) {
  TarHeader header;
  header.name = std::string(kHelperPath).substr(1);
  header.mode = kProgramMode;
  header.size = program.size();
  Bytes tar(kTarBlock + program.size() + tar_padding(program.size()) + kEndMark, 0);
  render_header(header, MutableBytes(tar).first(kTarBlock));
  std::copy(program.begin(), program.end(), tar.begin() + kTarBlock);
  return tar;
}

/// Without strftime(), which knows of locales and time zones: a hundredth of the helper.
std::string rfc3339(int64_t seconds) {
  using namespace std::chrono;
  const sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

Bytes make_config(const Digest& layer, const std::string& architecture, const std::string& nonce, int64_t now) {
  const std::string created = rfc3339(now);
  const json config = {
      {"architecture", architecture},
      {"os", "linux"},
      {"created", created},
      {"config", {{"Entrypoint", json::array({kHelperPath})}, {"Labels", {{kHelperLabel, nonce}}}}},
      {"rootfs", {{"type", "layers"}, {"diff_ids", json::array({layer.text()})}}},
      {"history", json::array({{{"created", created}, {"comment", "docker-sync"}}})},
  };
  const std::string text = config.dump();
  return {text.begin(), text.end()};
}

}  // namespace

std::unique_ptr<Source> make_helper_image(ByteView program, const std::string& architecture, const std::string& nonce,
                                          int64_t now) {
  Bytes layer = make_layer(program);
  const Descriptor layers[] = {{Digest::of(layer), layer.size()}};
  std::vector<ArchiveMember> members = {member_of_bytes(blob_path(layers[0].digest), std::move(layer))};
  for (ArchiveMember& member : metadata_members(make_config(layers[0].digest, architecture, nonce, now), layers)) {
    members.push_back(std::move(member));
  }
  return std::make_unique<TarSource>(std::move(members));
}

std::string machine_of(const std::string& architecture) {
  if (architecture == "amd64" || architecture == "x86_64") return "x86_64";
  if (architecture == "arm64" || architecture == "aarch64") return "aarch64";
  return {};
}

}  // namespace docker_sync
