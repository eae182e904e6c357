// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/section.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <new>

#include "base/error.h"
#include "delta/patch_format.h"

namespace docker_sync {

namespace {

constexpr std::array<uint8_t, 4> kMagic{0x28, 0xb5, 0x2f, 0xfd};
constexpr int kBinaryTrees = 13;   // From this level on, zstd's tables grow with what it reads.
constexpr int kLargestTable = 20;  // log2 of entries of 4 bytes. Twice as many bring less than 1 %.
constexpr size_t kLongestInteger = 10;

size_t check(size_t result, const char* doing) {
  if (ZSTD_isError(result)) {
    throw Error(ExitCode::internal, fmt::format("zstd: {} while {}", ZSTD_getErrorName(result), doing));
  }
  return result;
}

class Packer {
 public:
  explicit Packer(int level) : context_(ZSTD_createCCtx(), ZSTD_freeCCtx) {
    if (!context_) throw std::bad_alloc();
    set(ZSTD_c_compressionLevel, level);
    set(ZSTD_c_contentSizeFlag, 0);
  }
  void set(ZSTD_cParameter parameter, int value) {
    check(ZSTD_CCtx_setParameter(context_.get(), parameter, value), "setting a parameter");
  }
  void prefix(ByteView bytes) {
    check(ZSTD_CCtx_refPrefix(context_.get(), bytes.data(), bytes.size()), "setting a prefix");
  }
  /// Packs into `to` itself: for a section of many MiB there is no memory for one buffer more.
  void pack(ByteView section, Bytes& to) {
    const size_t start = to.size();
    to.resize(start + kLongestInteger + ZSTD_compressBound(section.size()));
    const MutableBytes room = MutableBytes(to).subspan(start + kLongestInteger);
    const ByteView frame = room.first(
        check(ZSTD_compress2(context_.get(), room.data(), room.size(), section.data(), section.size()), "packing"));
    const ByteView packed = frame.subspan(kMagic.size());
    const ByteView shorter = packed.size() < section.size() ? packed : section;
    Bytes size;
    put_integer(size, shorter.size());
    const auto place = std::ranges::copy(size, to.begin() + static_cast<ptrdiff_t>(start)).out;
    if (!shorter.empty()) std::memmove(&*place, shorter.data(), shorter.size());
    to.resize(start + size.size() + shorter.size());
  }

 private:
  std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context_;
};

}  // namespace

void pack_section(ByteView section, int level, Bytes& to) {
  Packer packer(level);
  if (level >= kBinaryTrees && std::bit_width(section.size()) > kLargestTable) {
    packer.set(ZSTD_c_hashLog, kLargestTable);
    packer.set(ZSTD_c_chainLog, kLargestTable);
  }
  packer.pack(section, to);
}

void pack_section(ByteView section, ByteView prefix, int level, Bytes& to) {
  Packer packer(level);
  const int bits = std::bit_width(section.size() + prefix.size());
  packer.set(ZSTD_c_windowLog, std::clamp(bits, 10, 27));
  if (bits > kLargestTable) {
    packer.set(ZSTD_c_hashLog, kLargestTable);
    packer.set(ZSTD_c_chainLog, kLargestTable);
  }
  packer.prefix(prefix);
  packer.pack(section, to);
}

/// The next `count` bytes, behind `room_before` others. Grows with what comes, not with what was promised.
Bytes PatchReader::take_all(size_t count, size_t room_before) {
  Bytes taken(room_before);
  while (taken.size() < room_before + count) {
    const ByteView more = take(room_before + count - taken.size());
    taken.insert(taken.end(), more.begin(), more.end());
  }
  return taken;
}

Bytes PatchReader::section(size_t size, ByteView prefix) {
  const uint64_t packed_size = integer();
  if (packed_size > size) throw_protocol("a section of a patch is larger than what it holds");
  if (packed_size == size) return take_all(size, 0);
  Bytes frame = take_all(packed_size, kMagic.size());
  std::ranges::copy(kMagic, frame.begin());
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) throw std::bad_alloc();
  check(ZSTD_DCtx_refPrefix(context.get(), prefix.data(), prefix.size()), "setting a prefix");
  Bytes section(size);
  const size_t made = ZSTD_decompressDCtx(context.get(), section.data(), size, frame.data(), frame.size());
  if (ZSTD_isError(made)) throw_protocol(fmt::format("a damaged section of a patch ({})", ZSTD_getErrorName(made)));
  if (made != size) throw_protocol("a section of a patch is shorter than it says");
  return section;
}

}  // namespace docker_sync
