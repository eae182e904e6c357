// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// zstd as the wire uses it: one solid stream per direction, flushed where the peer must be able to go on, with a
// window both sides bound (16 MiB), so that neither can make the other allocate more. The level may change on the way:
// a frame ends, and the next begins with the end of what came before as its prefix. Rejected: zstd's own change within
// a frame, which needs its worker threads; they begin anew with each job, at half as much again of time at level 19.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/io.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace docker_sync {

/// log2 of the largest window that we write or accept.
inline constexpr int kZstdWindowLog = 24;
/// What a frame takes over from those before it, at most. More than this costs the strong levels more time (0.2 s per
/// MiB at level 19) than it brings bytes.
inline constexpr size_t kZstdPrefixBytes = 1 << 20;
/// What a frame must hold for another one to follow it.
inline constexpr size_t kZstdFrameBytes = 256 << 10;

/// The end of what went through a stream.
class RecentBytes {
 public:
  void add(ByteView bytes);
  /// In order, up to kZstdPrefixBytes of them.
  [[nodiscard]] Bytes copy() const;

 private:
  Bytes ring_;  ///< grows up to kZstdPrefixBytes, then is written round and round
  size_t oldest_ = 0;
};

/// Compresses what is written into `below`, which must outlive it. Memory: up to ~70 MB at level 19, 5 MB at 3; a window
/// of what was written is a part of that, the tables are most of the rest.
class ZstdSink : public Sink {
 public:
  /// `table_log`: log2 of the entries of 4 bytes that each of the two tables has; 0: the level's, for streams that are
  /// longer than their window.
  ZstdSink(Sink& below, int level, int table_log = 0);
  ~ZstdSink() override;
  void write(ByteView bytes) override;
  /// Goes on with another level, handing on all that was written. Without effect until the present one was used for
  /// kZstdFrameBytes.
  void set_level(int level);
  [[nodiscard]] int level() const { return level_; }
  /// Hands on all that was written, so that the reader can decode it. The window goes on.
  void flush();
  /// Ends the stream. Nothing may be written after it.
  void finish();

 private:
  void begin(int level);
  void run(ByteView bytes, int directive);

  Sink* below_;
  std::unique_ptr<ZSTD_CCtx_s, size_t (*)(ZSTD_CCtx_s*)> context_;
  Bytes out_;
  const int table_log_;
  int level_ = 0;
  uint64_t in_frame_ = 0;
  RecentBytes recent_;
  Bytes prefix_;  ///< of the present frame, to whose end it must stay
};

/// Decompresses `below`, to its end; it must outlive this. Throws ExitCode::protocol on what is not zstd. A stream that
/// is cut between two frames looks whole: who reads must know what to expect. Memory: 16 MiB window, 2 MiB.
class ZstdSource : public Source {
 public:
  explicit ZstdSource(Source& below);
  ~ZstdSource() override;
  [[nodiscard]] size_t read(MutableBytes out) override;

 private:
  void begin_next();

  Source* below_;
  std::unique_ptr<ZSTD_DCtx_s, size_t (*)(ZSTD_DCtx_s*)> context_;
  Bytes in_;
  size_t in_position_ = 0, in_size_ = 0;
  bool below_ended_ = false, frame_ended_ = false;
  uint64_t in_frame_ = 0;
  RecentBytes recent_;
  Bytes prefix_;
};

/// One shot, for small blocks.
[[nodiscard]] Bytes zstd_compress(ByteView bytes, int level);
/// Throws ExitCode::protocol if the block is damaged or grows beyond `limit` bytes.
[[nodiscard]] Bytes zstd_decompress(ByteView block, size_t limit);

}  // namespace docker_sync
