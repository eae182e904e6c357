// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The two hashes of the program: sha256 is truth (diff_ids, config digests), XXH3-128 is the key by which the two
// sides name contents to each other. A collision of keys costs a layer sent again, never a wrong image.
#pragma once

#include <nettle/sha2.h>

#include <array>
#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/io.h"

namespace docker_sync {

using Sha256Value = std::array<uint8_t, 32>;

/// A Sink, so that anything may be copied into it.
class Sha256 : public Sink {
 public:
  Sha256();
  void write(ByteView bytes) override;
  /// The hash of all written since the start or the last finish().
  [[nodiscard]] Sha256Value finish();

 private:
  sha256_ctx context_;
};

[[nodiscard]] Sha256Value sha256(ByteView bytes);

/// XXH3-128 of one content.
struct ContentHash {
  std::array<uint8_t, 16> bytes{};
  auto operator<=>(const ContentHash&) const = default;
};

class ContentHasher : public Sink {
 public:
  ContentHasher();
  ~ContentHasher() override;
  ContentHasher(ContentHasher&&) noexcept;
  ContentHasher& operator=(ContentHasher&&) noexcept;
  void write(ByteView bytes) override;
  /// The hash of all written since the start or the last finish().
  [[nodiscard]] ContentHash finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] ContentHash content_hash(ByteView bytes);

/// The first 8 bytes of a ContentHash, little-endian: what names contents on the wire. Of a million files and ten
/// thousand sought ones, one sync in a billion meets a collision.
using ShortHash = uint64_t;
[[nodiscard]] ShortHash short_hash(const ContentHash& hash);

[[nodiscard]] std::string to_hex(ByteView bytes);
[[nodiscard]] std::string to_base64(ByteView bytes);  ///< padded
/// Nothing if it is none.
[[nodiscard]] std::optional<Bytes> from_base64(std::string_view text);

}  // namespace docker_sync

template <>
struct std::hash<docker_sync::ContentHash> {
  size_t operator()(const docker_sync::ContentHash& key) const noexcept;
};
