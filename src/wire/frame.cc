// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "wire/frame.h"

#include <fmt/format.h>

#include "base/error.h"
#include "wire/limits.h"

namespace docker_sync {

namespace {

uint32_t longest_payload(FrameType type) {
  switch (type) {
    case FrameType::data:
      return 4 + limits::kDataBytes;
    case FrameType::credit:
      return 12;
    case FrameType::ping:
      return 0;
    default:
      return limits::kFrameBytes;
  }
}

}  // namespace

std::string_view name_of(FrameType type) {
  switch (type) {
    case FrameType::hello: return "HELLO";
    case FrameType::ping: return "PING";
    case FrameType::abort: return "ABORT";
    case FrameType::data: return "DATA";
    case FrameType::credit: return "CREDIT";
    case FrameType::query: return "QUERY";
    case FrameType::inventory: return "INVENTORY";
    case FrameType::send: return "SEND";
    case FrameType::sent: return "SENT";
    case FrameType::receive: return "RECEIVE";
    case FrameType::ready: return "READY";
    case FrameType::commit: return "COMMIT";
    case FrameType::committed: return "COMMITTED";
    case FrameType::cancel: return "CANCEL";
    case FrameType::failed: return "FAILED";
    case FrameType::progress: return "PROGRESS";
    case FrameType::cancelled: return "CANCELLED";
  }
  return {};
}

std::array<uint8_t, kFrameHeaderBytes> encode_frame_header(FrameHeader header) {
  return {static_cast<uint8_t>(header.length), static_cast<uint8_t>(header.length >> 8),
          static_cast<uint8_t>(header.length >> 16), static_cast<uint8_t>(header.length >> 24),
          static_cast<uint8_t>(header.type)};
}

FrameHeader decode_frame_header(std::span<const uint8_t, kFrameHeaderBytes> bytes) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(bytes[i]); };
  const FrameHeader header{byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24, static_cast<FrameType>(bytes[4])};
  if (name_of(header.type).empty()) throw_protocol(fmt::format("a frame of unknown type {}", bytes[4]));
  if (header.length > longest_payload(header.type)) {
    throw_protocol(fmt::format("a {} frame of {} bytes", name_of(header.type), header.length));
  }
  return header;
}

}  // namespace docker_sync
