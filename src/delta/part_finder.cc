// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/part_finder.h"

#include <algorithm>
#include <array>

namespace docker_sync {

namespace {

constexpr size_t kBufferBytes = size_t{64} << 10;
constexpr std::array<uint8_t, 4> kZipMagic{'P', 'K', 3, 4};
constexpr std::array<uint8_t, 3> kGzipMagic{0x1f, 0x8b, 8};
constexpr size_t kZipHeader = 30;  // APPNOTE.TXT 4.3.7
constexpr uint16_t kEncrypted = 1, kDeflated = 8;
constexpr size_t kGzipHeader = 10, kGzipTrailer = 8;  // RFC 1952
constexpr size_t kLongestGzipHeader = 1024;           // With names and comments; no limit of the format.
constexpr uint8_t kHeaderCrc = 2, kExtra = 4, kName = 8, kComment = 16, kReserved = 0xe0;

bool starts_with(ByteView bytes, ByteView magic) {
  return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin());
}

uint16_t u16(ByteView bytes, size_t at) { return static_cast<uint16_t>(bytes[at] | bytes[at + 1] << 8); }

}  // namespace

bool is_gzip(ByteView first_bytes) { return starts_with(first_bytes, kGzipMagic); }

bool may_hold_parts(ByteView first_bytes) {
  constexpr std::array<uint8_t, 2> script{'#', '!'};
  return first_bytes.size() >= kZipMagic.size() &&
         (starts_with(first_bytes, kZipMagic) || is_gzip(first_bytes) ||
          starts_with(first_bytes, script));
}

PartFinder::PartFinder(const RandomAccess& content) : content_(&content) {}

/// The bytes from `offset` on: `wanted` or more, or all to the end. REQUIRES: wanted <= kBufferBytes.
ByteView PartFinder::view(uint64_t offset, size_t wanted) {
  const uint64_t size = content_->size();
  if (offset >= size) return {};
  const uint64_t end = buffer_offset_ + buffer_.size();
  if (offset < buffer_offset_ || offset >= end || (end - offset < wanted && end < size)) {
    buffer_.resize(static_cast<size_t>(std::min<uint64_t>(kBufferBytes, size - offset)));
    content_->read_at(offset, buffer_);
    buffer_offset_ = offset;
  }
  return ByteView(buffer_).subspan(static_cast<size_t>(offset - buffer_offset_));
}

std::optional<PartPlace> PartFinder::next(uint64_t from) {
  if (from <= gzip_header_) {
    if (const auto data = gzip_data(gzip_header_)) return PartPlace{*data, PartKind::gzip};
  }
  for (uint64_t at = from;;) {
    const ByteView bytes = view(at, kZipHeader);
    if (bytes.size() < kZipHeader) return std::nullopt;
    const auto found = std::search(bytes.begin(), bytes.end(), kZipMagic.begin(), kZipMagic.end());
    if (found == bytes.end()) {
      at += bytes.size() - (kZipMagic.size() - 1);
      continue;
    }
    at += static_cast<uint64_t>(found - bytes.begin());
    if (const auto data = zip_data(at)) return PartPlace{*data, PartKind::zip};
    at += kZipMagic.size();
  }
}

void PartFinder::gzip_ended(uint64_t end) { gzip_header_ = end + kGzipTrailer; }

std::optional<uint64_t> PartFinder::zip_data(uint64_t header) {
  const ByteView bytes = view(header, kZipHeader);
  if (bytes.size() < kZipHeader || (u16(bytes, 6) & kEncrypted) != 0 || u16(bytes, 8) != kDeflated) return std::nullopt;
  const uint64_t data = header + kZipHeader + u16(bytes, 26) + u16(bytes, 28);
  if (data >= content_->size()) return std::nullopt;
  return data;
}

std::optional<uint64_t> PartFinder::gzip_data(uint64_t header) {
  const ByteView all = view(header, kLongestGzipHeader);
  const ByteView bytes = all.first(std::min(all.size(), kLongestGzipHeader));
  if (bytes.size() < kGzipHeader || !is_gzip(bytes) || (bytes[3] & kReserved) != 0) return std::nullopt;
  const uint8_t flags = bytes[3];
  size_t at = kGzipHeader;
  if ((flags & kExtra) != 0) {
    if (at + 2 > bytes.size()) return std::nullopt;
    at += 2 + size_t{u16(bytes, at)};
  }
  for (const uint8_t text : {kName, kComment}) {
    if ((flags & text) == 0) continue;
    while (at < bytes.size() && bytes[at] != 0) ++at;
    ++at;
  }
  if ((flags & kHeaderCrc) != 0) at += 2;
  if (at >= bytes.size()) return std::nullopt;
  return header + at;
}

}  // namespace docker_sync
