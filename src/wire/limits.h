// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Every bound of the wire, in one place, shared by who writes and who reads. A peer that goes beyond one gets an
// ABORT before anything is allocated for it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace docker_sync::limits {

inline constexpr uint32_t kProtocolVersion = 1;

/// A control frame's payload. An inventory of 10,000 images with 40 layers each, compressed, is about half of it.
inline constexpr uint32_t kFrameBytes = 16 << 20;
/// A control payload after decompression.
inline constexpr size_t kMessageBytes = 64 << 20;
/// A DATA frame's payload: small enough that control frames do not wait long behind it.
inline constexpr uint32_t kDataBytes = 64 << 10;
/// Control frames that a peer may have under way before they are read.
inline constexpr size_t kControlQueue = 4096;

/// What a stream's writer may have sent and its reader not yet consumed: a link of 100 Mbit/s with 600 ms.
inline constexpr uint32_t kStreamWindow = 8 << 20;
/// A reader gives credit in steps of this size, or of what it has consumed when it has to wait for more: often enough
/// to tell the writer how fast the link is, for a thousandth of its bytes …
inline constexpr uint32_t kCreditStep = 64 << 10;
/// … but keeps less than this back.
inline constexpr uint32_t kCreditFloor = 4 << 10;
/// Streams that may be open at a time, so the memory of a connection is at most this many windows each way. A sync
/// uses three.
inline constexpr size_t kLiveStreams = 6;

/// One block of a layer's skeleton, before encoding: entries, and bytes between contents.
inline constexpr size_t kBlockEntries = 4096;
inline constexpr size_t kBlockGapBytes = 8 << 20;
/// The same block, encoded.
inline constexpr size_t kBlockBytes = 24 << 20;
/// The same block, decoded.
inline constexpr size_t kBlockMemory = 32 << 20;
/// Names of groups that a destination tells: 32 KiB, of 130,000 entries or so.
inline constexpr size_t kGroups = 4096;
/// Times of one run of known groups.
inline constexpr size_t kTimesBytes = 4 << 20;
/// Signature of one content.
inline constexpr size_t kSignatureBytes = 32 << 20;
/// How an inflated content is deflated again.
inline constexpr size_t kRecipeBytes = 16 << 20;
/// An image config.
inline constexpr size_t kConfigBytes = 8 << 20;
/// One run of delta bytes in the contents stream.
inline constexpr size_t kDeltaRunBytes = 64 << 10;

/// Who has sent nothing for this long sends a PING …
inline constexpr std::chrono::milliseconds kPingAfter{15'000};
/// … and who has heard nothing for this long takes the link for dead.
inline constexpr std::chrono::milliseconds kDeadAfter{45'000};

}  // namespace docker_sync::limits
