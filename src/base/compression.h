// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// zstd as the wire uses it: one solid stream per direction, flushed where the peer must be able to go on, with a
// window both sides bound (16 MiB), so that neither can make the other allocate more.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/io.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace docker_sync {

/// log2 of the largest window that we write or accept.
inline constexpr int kZstdWindowLog = 24;

/// Compresses what is written into `below`, which must outlive it. Memory: up to ~90 MB at level 19, 20 MB at 3.
class ZstdSink : public Sink {
 public:
  ZstdSink(Sink& below, int level);
  ~ZstdSink() override;
  void write(ByteView bytes) override;
  /// Hands on all that was written, so that the reader can decode it. The window goes on.
  void flush();
  /// Ends the stream. Nothing may be written after it.
  void finish();

 private:
  void run(ByteView bytes, int directive);

  Sink* below_;
  std::unique_ptr<ZSTD_CCtx_s, size_t (*)(ZSTD_CCtx_s*)> context_;
  Bytes out_;
};

/// Decompresses `below`, which must outlive it. Throws ExitCode::protocol on what is not zstd. Memory: 16 MiB window.
class ZstdSource : public Source {
 public:
  explicit ZstdSource(Source& below);
  ~ZstdSource() override;
  [[nodiscard]] size_t read(MutableBytes out) override;

 private:
  Source* below_;
  std::unique_ptr<ZSTD_DCtx_s, size_t (*)(ZSTD_DCtx_s*)> context_;
  Bytes in_;
  size_t in_position_ = 0, in_size_ = 0;
  bool below_ended_ = false, frame_ended_ = false;
};

/// One shot, for small blocks.
[[nodiscard]] Bytes zstd_compress(ByteView bytes, int level);
/// Throws ExitCode::protocol if the block is damaged or grows beyond `limit` bytes.
[[nodiscard]] Bytes zstd_decompress(ByteView block, size_t limit);

}  // namespace docker_sync
