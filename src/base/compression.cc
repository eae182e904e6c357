// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/compression.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "base/error.h"

namespace docker_sync {

namespace {

void check(size_t result, const char* doing) {
  if (ZSTD_isError(result))
    throw Error(ExitCode::internal, fmt::format("zstd: {} while {}", ZSTD_getErrorName(result), doing));
}

}  // namespace

void RecentBytes::add(ByteView bytes) {
  if (bytes.size() > kZstdPrefixBytes) bytes = bytes.last(kZstdPrefixBytes);
  const size_t grown = std::min(bytes.size(), kZstdPrefixBytes - ring_.size());
  ring_.insert(ring_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(grown));
  bytes = bytes.subspan(grown);
  while (!bytes.empty()) {
    const size_t count = std::min(bytes.size(), ring_.size() - oldest_);
    std::memcpy(ring_.data() + oldest_, bytes.data(), count);
    oldest_ = (oldest_ + count) % ring_.size();
    bytes = bytes.subspan(count);
  }
}

Bytes RecentBytes::copy() const {
  Bytes bytes(ring_.size());
  std::rotate_copy(ring_.begin(), ring_.begin() + static_cast<ptrdiff_t>(oldest_), ring_.end(), bytes.begin());
  return bytes;
}

ZstdSink::ZstdSink(Sink& below, int level, int table_log)
    : below_(&below),
      context_(ZSTD_createCCtx(), ZSTD_freeCCtx),
      out_(ZSTD_CStreamOutSize()),
      table_log_(table_log) {
  if (!context_) throw std::bad_alloc();
  begin(level);
}

void ZstdSink::begin(int level) {
  check(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level), "setting the level");
  // Contents that lie far apart in a layer repeat each other: a solid stream is worth its whole window. 0: the level's.
  const int window_log = level >= 9 ? kZstdWindowLog : 0;
  check(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_windowLog, window_log), "setting the window");
  // Level 19 would take another 32 MiB here, for 0.8 % of the bytes.
  const int chain_log = table_log_ == 0 && level >= 19 ? 23 : table_log_;
  check(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_chainLog, chain_log), "setting the chain");
  check(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_hashLog, table_log_), "setting the hash table");
  level_ = level;
  in_frame_ = 0;
}

ZstdSink::~ZstdSink() = default;

void ZstdSink::write(ByteView bytes) {
  run(bytes, ZSTD_e_continue);
  recent_.add(bytes);
  in_frame_ += bytes.size();
}

void ZstdSink::set_level(int level) {
  // With a prefix of less than this, zstd would take parameters for small inputs.
  static_assert(kZstdFrameBytes >= 256 << 10);
  if (level == level_ || in_frame_ < kZstdFrameBytes) return;
  run({}, ZSTD_e_end);
  prefix_ = recent_.copy();
  begin(level);
  check(ZSTD_CCtx_refPrefix(context_.get(), prefix_.data(), prefix_.size()), "setting a prefix");
}

void ZstdSink::flush() { run({}, ZSTD_e_flush); }
void ZstdSink::finish() { run({}, ZSTD_e_end); }

void ZstdSink::run(ByteView bytes, int directive) {
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  while (true) {
    ZSTD_outBuffer out{out_.data(), out_.size(), 0};
    const size_t left = ZSTD_compressStream2(context_.get(), &out, &in, static_cast<ZSTD_EndDirective>(directive));
    check(left, "compressing");
    if (out.pos > 0) below_->write(ByteView(out_).first(out.pos));
    if (directive == ZSTD_e_continue ? in.pos == in.size : left == 0) return;
  }
}

ZstdSource::ZstdSource(Source& below)
    : below_(&below), context_(ZSTD_createDCtx(), ZSTD_freeDCtx), in_(ZSTD_DStreamInSize()) {
  if (!context_) throw std::bad_alloc();
  check(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kZstdWindowLog), "bounding the window");
}

ZstdSource::~ZstdSource() = default;

size_t ZstdSource::read(MutableBytes out) {
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  while (to.pos == 0 && to.size > 0) {
    if (in_position_ == in_size_ && !below_ended_) {
      // Decoded bytes may still be waiting inside: ask for them before waiting for the peer.
      ZSTD_inBuffer none{nullptr, 0, 0};
      if (!frame_ended_) {
        const size_t left = ZSTD_decompressStream(context_.get(), &to, &none);
        frame_ended_ = left == 0;
        if (!ZSTD_isError(left) && to.pos > 0) break;
      }
      in_size_ = below_->read(in_);
      in_position_ = 0;
      below_ended_ = in_size_ == 0;
    }
    if (frame_ended_) {
      if (below_ended_) return 0;
      begin_next();
    }
    ZSTD_inBuffer from{in_.data(), in_size_, in_position_};
    const size_t left = ZSTD_decompressStream(context_.get(), &to, &from);
    if (ZSTD_isError(left)) throw_protocol(fmt::format("damaged compressed data ({})", ZSTD_getErrorName(left)));
    in_position_ = from.pos;
    frame_ended_ = left == 0;
    if (below_ended_ && to.pos == 0 && !frame_ended_) throw_protocol("compressed data was cut short");
  }
  recent_.add(ByteView(out).first(to.pos));
  in_frame_ += to.pos;
  return to.pos;
}

void ZstdSource::begin_next() {
  // Or a peer could make us prepare a prefix for every few bytes that it sends.
  if (in_frame_ < kZstdFrameBytes) throw_protocol("a compressed frame follows one that is too short");
  prefix_ = recent_.copy();
  check(ZSTD_DCtx_refPrefix(context_.get(), prefix_.data(), prefix_.size()), "setting a prefix");
  frame_ended_ = false;
  in_frame_ = 0;
}

Bytes zstd_compress(ByteView bytes, int level) {
  Bytes block(ZSTD_compressBound(bytes.size()));
  const size_t size = ZSTD_compress(block.data(), block.size(), bytes.data(), bytes.size(), level);
  check(size, "compressing a block");
  block.resize(size);
  block.shrink_to_fit();  // who packs it means to keep it
  return block;
}

Bytes zstd_decompress(ByteView block, size_t limit) {
  MemorySource below(block);
  ZstdSource source(below);
  Bytes bytes;
  uint8_t buffer[32768];
  while (const size_t count = source.read(buffer)) {
    if (bytes.size() + count > limit) throw_protocol("a compressed block is larger than it may be");
    bytes.insert(bytes.end(), buffer, buffer + count);
  }
  return bytes;
}

}  // namespace docker_sync
