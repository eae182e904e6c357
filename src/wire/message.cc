// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "wire/message.h"

#include "base/compression.h"
#include "wire/limits.h"

namespace docker_sync {

namespace {

constexpr uint8_t kPlain = 0, kCompressed = 1;
constexpr size_t kWorthCompressing = 256;
constexpr int kLevel = 9;

}  // namespace

Failure Failure::of(const Error& error) { return {error.code(), error.host(), error.failure(), error.remedy()}; }

Error Failure::to_error() const {
  const bool known = code <= ExitCode::helper || code == ExitCode::interrupted;
  Error error(known && code != ExitCode::ok ? code : ExitCode::internal, failure, remedy);
  if (!host.empty()) error.on_host(host);
  return error;
}

ImageRecord ImageRecord::of(const ImageInfo& image) {
  ImageRecord record{
      image.id,      {},        image.identity.config, image.identity.diff_ids, image.identity.fingerprint,
      image.created, image.size};
  for (const Reference& name : image.names) record.names.push_back(name.full());
  return record;
}

ImageInfo ImageRecord::to_image() const {
  ImageInfo image{id, {}, {config, diff_ids, fingerprint}, created, size};
  for (const std::string& name : names) image.names.push_back(Reference::parse(name));
  return image;
}

Bytes pack(Encoder&& encoder) {
  Bytes payload{kPlain};
  if (encoder.bytes.size() > kWorthCompressing) {
    const Bytes block = zstd_compress(encoder.bytes, kLevel);
    if (block.size() < encoder.bytes.size()) {
      payload = {kCompressed};
      payload.insert(payload.end(), block.begin(), block.end());
      return payload;
    }
  }
  payload.insert(payload.end(), encoder.bytes.begin(), encoder.bytes.end());
  return payload;
}

Bytes unpack(ByteView payload) {
  if (payload.empty()) throw_protocol("a message without content");
  const ByteView rest = payload.subspan(1);
  if (payload[0] == kCompressed) return zstd_decompress(rest, limits::kMessageBytes);
  if (payload[0] != kPlain) throw_protocol("a message in an unknown form");
  return {rest.begin(), rest.end()};
}

std::set<Digest> Receive::layers_from(LayerOrigin origin) const {
  std::set<Digest> found;
  for (const PlannedLayer& layer : layers) {
    if (layer.origin == origin) found.insert(layer.diff_id);
  }
  return found;
}

std::vector<StageTime> told(const StageTimes& times) {
  std::vector<StageTime> stages;
  for (const StageTimes::Entry& entry : times.all()) {
    const auto time = std::chrono::duration_cast<std::chrono::microseconds>(entry.time);
    stages.push_back({entry.stage, static_cast<uint64_t>(time.count()), entry.bytes});
  }
  return stages;
}

}  // namespace docker_sync
