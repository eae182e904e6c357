// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Deflates as GNU gzip and Info-ZIP's zip do, of which zlib is a descendant: the same matches, but a block also ends
// where another 4096 symbols were packed well, so that text of more than some 20 KB comes out different. A changelog
// or a manual page of a Debian package is such a file. Rejected: zlib with flushes at those places (a flush cuts the
// match that spans it).
#pragma once

#include <cstdint>
#include <vector>

#include "delta/deflate_block.h"
#include "delta/deflater.h"

namespace docker_sync {

/// Memory: 360 KiB.
class GzipDeflater : public Deflater {
 public:
  /// Below, gzip looks for matches in another way.
  static constexpr int kLeastLevel = 4;

  /// REQUIRES: kLeastLevel <= level <= 9.
  explicit GzipDeflater(int level);

  void start(Sink& to) override;
  void write(ByteView bytes) override;
  void finish() override;

 private:
  struct Effort {
    size_t good, lazy, nice, chain;
  };

  [[nodiscard]] static Effort effort_of(int level);
  void run(size_t least_ahead);
  void step();
  [[nodiscard]] size_t insert(size_t position);
  [[nodiscard]] size_t longest_match(size_t candidate);
  [[nodiscard]] bool add(size_t distance, uint8_t value);
  void end_block(bool last);
  void slide();

  Effort effort_;
  DeflateBlockWriter writer_;
  Bytes window_;
  std::vector<uint16_t> newest_;    ///< of the strings with that hash; 0: none
  std::vector<uint16_t> previous_;  ///< of the string at that place, modulo half the window
  std::vector<DeflateToken> tokens_;
  size_t hash_ = 0;
  size_t at_ = 0, ahead_ = 0;               ///< the next string, and the bytes from it on
  ptrdiff_t block_start_ = 0;               ///< below zero once it has left the window
  size_t matches_ = 0, distance_bits_ = 0;  ///< of the block
  size_t match_length_ = 0, match_start_ = 0;
  bool literal_waits_ = false;  ///< the byte before at_ is not in a token yet
};

}  // namespace docker_sync
