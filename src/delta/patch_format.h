// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The bytes of a patch: the numbers that its writer and its reader share, and how both code integers. The grammar is in
// docs/patch-format.md. A patch has no magic, length or checksum: all of them belong to what carries it.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/error.h"
#include "base/io.h"
#include "base/leb128.h"

namespace docker_sync {

/// A patch makes its content window by window; all but the last have this size.
inline constexpr size_t kPatchWindow = size_t{8} << 20;

/// A window is made of at most so many old bytes.
inline constexpr size_t kPatchRegion = size_t{16} << 20;

/// In at most so many pieces.
inline constexpr uint64_t kMostPieces = 64;

/// How a window is made. Values travel on the wire: never renumber.
enum class WindowKind : uint8_t {
  plain = 0,       ///< one section: the window
  prefixed = 1,    ///< region, one section packed with the region as its prefix: the window
  runs = 2,        ///< region, like runs, each part of their description in a section of its own
  small_runs = 3,  ///< the same, all parts in one section
};

/// A window's first bytes, the first of them being a place for its kind, with that kind.
inline Bytes with_kind(Bytes head, WindowKind kind) {
  head[0] = static_cast<uint8_t>(kind);
  return head;
}

/// No like run is shorter, so a window has at most kPatchWindow / kShortestRun.
inline constexpr size_t kShortestRun = 16;

inline void put_integer(Bytes& to, uint64_t value) {
  put_leb128(value, [&](uint8_t byte) { to.push_back(byte); });
}

/// Integers out of a section.
class IntegerReader {
 public:
  explicit IntegerReader(ByteView bytes) : bytes_(bytes) {}
  [[nodiscard]] uint64_t next() {
    // Most are short.
    if (at_ < bytes_.size() && bytes_[at_] < 0x80) return bytes_[at_++];
    return get_leb128([this] { return next_byte(); });
  }
  [[nodiscard]] uint32_t next_up_to(size_t limit) {
    const uint64_t value = next();
    if (value > limit) throw_protocol("a patch has a number that is too large");
    return static_cast<uint32_t>(value);
  }
  [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }

 private:
  uint8_t next_byte() {
    if (at_end()) throw_protocol("a section of a patch was cut short");
    return bytes_[at_++];
  }

  ByteView bytes_;
  size_t at_ = 0;
};

}  // namespace docker_sync
