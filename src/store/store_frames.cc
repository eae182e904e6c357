// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/store_frames.h"

#include <algorithm>

#include "base/error.h"

namespace docker_sync {

namespace {

/// Nobody asks anything while an image is sent, which may take days.
constexpr std::chrono::milliseconds kSilence = std::chrono::hours(24 * 14);

void put_integer(uint64_t value, MutableBytes out) {
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<uint8_t>(value >> (8 * i));
}

uint64_t get_integer(ByteView bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) value |= uint64_t{bytes[i]} << (8 * i);
  return value;
}

}  // namespace

void render(const StoreFrameHead& head, MutableBytes out) {
  put_integer(head.number, out.first(4));
  out[4] = head.word;
  put_integer(head.size, out.subspan(5, 4));
}

StoreFrameHead parse_store_frame_head(ByteView bytes) {
  return {static_cast<uint32_t>(get_integer(bytes.first(4))), bytes[4],
          static_cast<uint32_t>(get_integer(bytes.subspan(5, 4)))};
}

StoreFields& StoreFields::integer(uint64_t value, size_t bytes) {
  bytes_.resize(bytes_.size() + bytes);
  put_integer(value, MutableBytes(bytes_).last(bytes));
  return *this;
}

StoreFields& StoreFields::u8(uint8_t value) {
  bytes_.push_back(value);
  return *this;
}

StoreFields& StoreFields::run(ByteView bytes) {
  u32(static_cast<uint32_t>(bytes.size()));
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}

StoreFields& StoreFields::digest(const Digest& digest) {
  bytes_.insert(bytes_.end(), digest.bytes.begin(), digest.bytes.end());
  return *this;
}

StoreFields& StoreFields::digests(const std::vector<Digest>& digests) {
  u32(static_cast<uint32_t>(digests.size()));
  for (const Digest& one : digests) digest(one);
  return *this;
}

StoreFields& StoreFields::image(const ImageInfo& image) {
  run(as_bytes(image.id)).u8(image.identity.config ? 1 : 0);
  if (image.identity.config) digest(*image.identity.config);
  return digests(image.identity.diff_ids);
}

StoreFields& StoreFields::stored(const StoredImage& image) {
  run(image.config).digests(image.diff_ids).u32(static_cast<uint32_t>(image.blobs.size()));
  for (const Descriptor& blob : image.blobs) digest(blob.digest).u64(blob.size).run(as_bytes(blob.media_type));
  return *this;
}

ByteView StoreFieldReader::take(size_t count) {
  if (count > rest_.size()) throw_protocol("a field of a store's frame is longer than the frame");
  const ByteView taken = rest_.first(count);
  rest_ = rest_.subspan(count);
  return taken;
}

void StoreFieldReader::end() const {
  if (!rest_.empty()) throw_protocol("a store's frame is longer than its fields");
}

uint64_t StoreFieldReader::integer(size_t bytes) { return get_integer(take(bytes)); }

Digest StoreFieldReader::digest() {
  Digest digest;
  const ByteView bytes = take(digest.bytes.size());
  std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
  return digest;
}

std::vector<Digest> StoreFieldReader::digests() {
  const uint32_t count = u32();
  if (count > kMaxLayers) throw_protocol("a store's image has too many layers");
  std::vector<Digest> digests;
  for (uint32_t i = 0; i < count; ++i) digests.push_back(digest());
  return digests;
}

ImageInfo StoreFieldReader::image() {
  ImageInfo image;
  image.id = as_text(run());
  const uint8_t has_config = u8();
  if (has_config > 1) throw_protocol("an image in a store's frame neither has a config nor has none");
  if (has_config == 1) image.identity.config = digest();
  image.identity.diff_ids = digests();
  return image;
}

StoredImage StoreFieldReader::stored() {
  const ByteView config = run();
  StoredImage image{{config.begin(), config.end()}, digests(), {}};
  const uint32_t count = u32();
  if (count != 0 && count != image.diff_ids.size()) throw_protocol("a store's image has other layers than blobs");
  for (uint32_t i = 0; i < count; ++i) {
    const Digest blob = digest();
    const uint64_t size = u64();
    image.blobs.push_back({blob, size, std::string(as_text(run()))});
  }
  return image;
}

bool read_whole(Channel& channel, MutableBytes out) {
  while (!out.empty()) {
    const size_t count = channel.read(out, kSilence);
    if (count == 0) return false;
    out = out.subspan(count);
  }
  return true;
}

}  // namespace docker_sync
