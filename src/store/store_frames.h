// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What a process that may read an engine's store and one that may not say to each other. Both are ours and of one
// source, so there is one version; lengths are looked at before anything is allocated all the same.
//
//   greeting := "docker-sync store 1\n"                        of the server, once
//   frame    := u32 number, u8 word, u32 size, size bytes      both ways; integers are little-endian
//
//   question   its payload                        payload of what is given
//   image      image                              run config, digests, descriptors
//   layer      image, u32 number                  u32 handle, u64 size
//   tar_size   image, u32 number                  u64
//   read       u32 handle, u64 offset, u32 count  the bytes
//   close      u32 handle                         (it has no answer)
//
//   image       := run id, u8 has config, [digest], digests
//   digests     := u32 count, count digests of 32 bytes
//   descriptors := u32 count, count of: digest, u64 size, run media type
//   run         := u32 size, size bytes
//
// An answer has its question's number and is the next one that is ready: opening a layer may take seconds.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/channel.h"
#include "store/layer_store.h"

namespace docker_sync {

namespace store_limits {
inline constexpr size_t kQuestion = 64 << 10;
inline constexpr size_t kImage = kMaxMetadata + (1 << 20);
inline constexpr size_t kRead = 512 << 10;
inline constexpr size_t kText = 4096;
inline constexpr size_t kOpenLayers = 4096;
}  // namespace store_limits

inline constexpr std::string_view kStoreGreeting = "docker-sync store 1\n";

enum class StoreQuestion : uint8_t { image = 1, layer = 2, tar_size = 3, read = 4, close = 5 };
enum class StoreAnswer : uint8_t { given = 1, none = 2, failed = 3 };  ///< failed: its payload says why

struct StoreFrameHead {
  static constexpr size_t kBytes = 9;
  uint32_t number = 0;
  uint8_t word = 0;
  uint32_t size = 0;
};
/// REQUIRES: StoreFrameHead::kBytes.
void render(const StoreFrameHead& head, MutableBytes out);
[[nodiscard]] StoreFrameHead parse_store_frame_head(ByteView bytes);

/// Puts fields behind each other.
class StoreFields {
 public:
  StoreFields& u8(uint8_t value);
  StoreFields& u32(uint32_t value) { return integer(value, sizeof value); }
  StoreFields& u64(uint64_t value) { return integer(value, sizeof value); }
  StoreFields& run(ByteView bytes);
  StoreFields& image(const ImageInfo& image);
  StoreFields& stored(const StoredImage& image);
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }

 private:
  StoreFields& integer(uint64_t value, size_t bytes);
  StoreFields& digest(const Digest& digest);
  StoreFields& digests(const std::vector<Digest>& digests);

  Bytes bytes_;
};

/// Takes them again. Throws ExitCode::protocol where they are not as they should be.
class StoreFieldReader {
 public:
  explicit StoreFieldReader(ByteView bytes) : rest_(bytes) {}
  [[nodiscard]] uint8_t u8() { return take(1).front(); }
  [[nodiscard]] uint32_t u32() { return static_cast<uint32_t>(integer(sizeof(uint32_t))); }
  [[nodiscard]] uint64_t u64() { return integer(sizeof(uint64_t)); }
  [[nodiscard]] ByteView run() { return take(u32()); }
  [[nodiscard]] ImageInfo image();
  [[nodiscard]] StoredImage stored();
  /// Nothing may be left.
  void end() const;

 private:
  [[nodiscard]] ByteView take(size_t count);
  [[nodiscard]] uint64_t integer(size_t bytes);
  [[nodiscard]] Digest digest();
  [[nodiscard]] std::vector<Digest> digests();

  ByteView rest_;
};

/// Fills `out`, waiting as long as it takes; false if the channel ends before. Throws what its read() throws.
[[nodiscard]] bool read_whole(Channel& channel, MutableBytes out);

}  // namespace docker_sync
