// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Frames: u32 length (of the payload), u8 type, payload; little-endian. The grammar of all of them and the ladder of
// a sync are in docs/protocol.md, which a test compares with FrameType.
#pragma once

#include <array>
#include <string_view>

#include "base/bytes.h"

namespace docker_sync {

/// Both sides begin with this, before their first frame. The NUL keeps login banners from imitating it.
inline constexpr std::array<uint8_t, 8> kMagic{0, 'd', 's', 'y', 'n', 'c', '1', '\n'};

/// Never renumber, never reuse.
enum class FrameType : uint8_t {
  hello = 1,       ///< first frame of both sides
  ping = 2,        ///< nothing to say, but alive
  abort = 3,       ///< code and reason; the connection ends
  data = 4,        ///< u32 stream, bytes; no bytes: the stream's end
  credit = 5,      ///< u32 stream, u32 bytes that may be sent in addition, u32 µs that they lay unread
  query = 10,      ///< which images do you hold?
  inventory = 11,  ///< answer to query
  send = 12,       ///< to the source: open this image and send these layers
  sent = 13,       ///< answer to send, when all of it is on its way
  receive = 14,    ///< to the destination: rebuild this image from the streams and load it
  ready = 15,      ///< answer to receive: loaded, verified, not yet named
  commit = 16,     ///< give it its names
  committed = 17,  ///< answer to commit
  cancel = 18,     ///< stop what send or receive began, undo it
  failed = 19,     ///< answer to any of the above in place of its own: code and reason
  progress = 20,   ///< how far send or receive has come
  cancelled = 21,  ///< answer to cancel: all is undone, and nothing more of it comes
};

[[nodiscard]] std::string_view name_of(FrameType type);

inline constexpr size_t kFrameHeaderBytes = 5;

struct FrameHeader {
  uint32_t length = 0;
  FrameType type{};
};

[[nodiscard]] std::array<uint8_t, kFrameHeaderBytes> encode_frame_header(FrameHeader header);
/// Throws ExitCode::protocol on an unknown type or a length beyond what its type allows.
[[nodiscard]] FrameHeader decode_frame_header(std::span<const uint8_t, kFrameHeaderBytes> bytes);

struct Frame {
  FrameType type{};
  Bytes payload;
};

}  // namespace docker_sync
