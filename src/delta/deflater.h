// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The compressors whose output we can make again, byte for byte: zlib (Java, Python, most others) and the older one of
// GNU gzip and Info-ZIP. Both ends deflate with the very same code, zlib linked statically, so what was verified at one
// holds at the other. Rejected: a list of differences for streams that come out nearly right: where one token differs,
// the codes of its whole block do.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>

#include "base/io.h"

namespace docker_sync {

/// A compressor and its parameters, as one byte of a recipe: bits 0 to 3 the level, bit 4 zlib's memLevel 9 instead of
/// 8, bit 5 gzip's compressor instead of zlib's. Window and strategy are the default ones.
class DeflateMethod {
 public:
  [[nodiscard]] static constexpr DeflateMethod zlib(int level, int memory_level = 8) {
    return DeflateMethod(static_cast<uint8_t>(level | (memory_level == 9 ? kMemoryLevel9 : 0)));
  }
  [[nodiscard]] static constexpr DeflateMethod gzip(int level) {
    return DeflateMethod(static_cast<uint8_t>(level | kGzip));
  }
  /// Throws ExitCode::protocol if there is no such method.
  [[nodiscard]] static DeflateMethod from_byte(uint8_t byte);

  [[nodiscard]] uint8_t byte() const { return byte_; }
  [[nodiscard]] bool is_gzip() const { return (byte_ & kGzip) != 0; }
  [[nodiscard]] int level() const { return byte_ & 15; }
  [[nodiscard]] int memory_level() const { return (byte_ & kMemoryLevel9) != 0 ? 9 : 8; }
  auto operator<=>(const DeflateMethod&) const = default;

 private:
  constexpr explicit DeflateMethod(uint8_t byte) : byte_(byte) {}

  static constexpr uint8_t kMemoryLevel9 = 0x10, kGzip = 0x20;
  uint8_t byte_;
};

/// Makes one deflate stream after the other. How its input is cut into writes makes no difference to what comes out.
class Deflater : public Sink {
 public:
  /// Begins a stream that goes to `to`, which must outlive it. One that was begun before is forgotten.
  virtual void start(Sink& to) = 0;
  /// Ends the stream. REQUIRES: start() was called before, once for each finish().
  virtual void finish() = 0;
};

/// Deflaters are made when they are first asked for. Memory: 300 KiB for each method used, of 24.
class Deflaters {
 public:
  [[nodiscard]] Deflater& get(DeflateMethod method);

 private:
  std::map<DeflateMethod, std::unique_ptr<Deflater>> made_;
};

}  // namespace docker_sync
