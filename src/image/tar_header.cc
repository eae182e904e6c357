// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/tar_header.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <numeric>

namespace docker_sync {

namespace {

struct Field {
  size_t offset, size;
};

constexpr Field kName{0, kTarName}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12}, kMtime{136, 12};
constexpr Field kChecksum{148, 8}, kLink{157, kTarLink}, kMagic{257, 8}, kUser{265, kTarUser}, kGroup{297, kTarGroup};
constexpr Field kMajor{329, 8}, kMinor{337, 8}, kPrefix{345, kTarPrefix};
constexpr size_t kType = 156;
static_assert(kPrefix.offset + kPrefix.size <= kTarBlock);

// Magic and version, which GNU tar writes as one.
constexpr char kPosixMagic[] = "ustar\00000", kGnuMagic[] = "ustar  ";
static_assert(sizeof kPosixMagic - 1 == kMagic.size && sizeof kGnuMagic == kMagic.size);

constexpr uint8_t kBase256 = 0x80;

std::string text_of(ByteView block, Field field) {
  const ByteView bytes = block.subspan(field.offset, field.size);
  return {bytes.begin(), std::find(bytes.begin(), bytes.end(), uint8_t{0})};
}

/// Octal between blanks, or base-256 of what a uint64_t holds; else 0.
uint64_t number_of(ByteView block, Field field) {
  ByteView bytes = block.subspan(field.offset, field.size);
  uint64_t value = 0;
  if (bytes.front() == kBase256) {
    for (const uint8_t byte : bytes.subspan(1)) {
      if (value >> 56 != 0) return 0;
      value = value << 8 | byte;
    }
    return value;
  }
  while (!bytes.empty() && bytes.front() == ' ') bytes = bytes.subspan(1);
  for (const uint8_t byte : bytes) {
    if (byte == ' ' || byte == 0) break;
    if (byte < '0' || byte > '7') return 0;
    value = value << 3 | (byte - '0');  // 12 digits at most: no overflow
  }
  return value;
}

/// The sum of all bytes, those of the checksum itself taken as blanks.
uint64_t checksum_of(ByteView block) {
  const ByteView own = block.subspan(kChecksum.offset, kChecksum.size);
  const auto sum = [](ByteView bytes) { return std::accumulate(bytes.begin(), bytes.end(), uint64_t{0}); };
  return sum(block) - sum(own) + kChecksum.size * ' ';
}

HeaderStyle style_of(ByteView block) {
  HeaderStyle style;
  const char* magic = as_text(block).data() + kMagic.offset;
  style.magic = std::memcmp(magic, kPosixMagic, kMagic.size) == 0 ? HeaderStyle::Magic::posix
                : std::memcmp(magic, kGnuMagic, kMagic.size) == 0 ? HeaderStyle::Magic::gnu
                                                                  : HeaderStyle::Magic::none;
  style.spaced = block[kMtime.offset + kMtime.size - 1] == ' ';
  style.blank_device = block[kMajor.offset] == 0;
  return style;
}

void put_text(MutableBytes block, Field field, const std::string& text) {
  assert(text.size() <= field.size);
  std::copy(text.begin(), text.end(), block.begin() + static_cast<std::ptrdiff_t>(field.offset));
}

/// `digits` octal digits with leading zeros; the rest of the field is for the caller to end.
void put_octal(MutableBytes bytes, size_t digits, uint64_t value) {
  for (size_t i = digits; i-- > 0; value >>= 3) bytes[i] = static_cast<uint8_t>('0' + (value & 7));
}

void put_number(MutableBytes block, Field field, uint64_t value, bool spaced) {
  const MutableBytes bytes = block.subspan(field.offset, field.size);
  // libarchive ends a short field in a space and a NUL, a long one in a space only.
  const size_t ending = spaced && field.size == 8 ? 2 : 1;
  const size_t digits = field.size - ending;
  if (value >> (3 * digits) == 0) {
    put_octal(bytes, digits, value);
    if (spaced) bytes[digits] = ' ';
    return;
  }
  for (size_t i = bytes.size(); i-- > 1; value >>= 8) bytes[i] = static_cast<uint8_t>(value);
  bytes[0] = kBase256;
}

void put_devices(const TarHeader& header, MutableBytes block) {
  if (header.style.blank_device) return;
  put_number(block, kMajor, header.major, header.style.spaced);
  put_number(block, kMinor, header.minor, header.style.spaced);
}

void clear(MutableBytes block, Field field) {
  const MutableBytes bytes = block.subspan(field.offset, field.size);
  std::fill(bytes.begin(), bytes.end(), uint8_t{0});
}

/// All writers agree on this one: six digits, a NUL, a space.
void put_checksum(MutableBytes block) {
  const uint64_t checksum = checksum_of(block);
  clear(block, kChecksum);
  put_octal(block.subspan(kChecksum.offset), 6, checksum);
  block[kChecksum.offset + 7] = ' ';
}

void put_time(MutableBytes block, uint64_t mtime) {
  const bool spaced = style_of(block).spaced;
  clear(block, kMtime);
  put_number(block, kMtime, mtime, spaced);
}

}  // namespace

std::optional<TarHeader> parse_header(ByteView block) {
  assert(block.size() == kTarBlock);
  // An empty block must not pass for a header with sum 0.
  if (block[kChecksum.offset] == 0 || number_of(block, kChecksum) != checksum_of(block)) return {};
  TarHeader header;
  header.style = style_of(block);
  header.name = text_of(block, kName);
  header.mode = number_of(block, kMode);
  header.uid = number_of(block, kUid);
  header.gid = number_of(block, kGid);
  header.size = number_of(block, kSize);
  header.mtime = number_of(block, kMtime);
  header.type = block[kType];
  header.link = text_of(block, kLink);
  if (header.style.magic == HeaderStyle::Magic::none) return header;
  header.user = text_of(block, kUser);
  header.group = text_of(block, kGroup);
  header.major = number_of(block, kMajor);
  header.minor = number_of(block, kMinor);
  // GNU keeps times and sparse maps in the place of the prefix.
  if (header.style.magic == HeaderStyle::Magic::posix) header.prefix = text_of(block, kPrefix);
  return header;
}

void render_header(const TarHeader& header, MutableBytes block) {
  assert(block.size() == kTarBlock);
  std::fill(block.begin(), block.end(), uint8_t{0});
  const bool spaced = header.style.spaced;
  put_text(block, kName, header.name);
  put_number(block, kMode, header.mode, spaced);
  put_number(block, kUid, header.uid, spaced);
  put_number(block, kGid, header.gid, spaced);
  put_number(block, kSize, header.size, spaced);
  put_number(block, kMtime, header.mtime, spaced);
  block[kType] = header.type;
  put_text(block, kLink, header.link);
  if (header.style.magic != HeaderStyle::Magic::none) {
    const bool posix = header.style.magic == HeaderStyle::Magic::posix;
    std::memcpy(block.data() + kMagic.offset, posix ? kPosixMagic : kGnuMagic, kMagic.size);
    put_text(block, kUser, header.user);
    put_text(block, kGroup, header.group);
    put_devices(header, block);
    put_text(block, kPrefix, header.prefix);
  }
  put_checksum(block);
}

void set_header_time(MutableBytes block, uint64_t mtime) {
  put_time(block, mtime);
  put_checksum(block);
}

void clear_header_time(MutableBytes block) {
  put_time(block, 0);
  clear(block, kChecksum);
}

bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

}  // namespace docker_sync
