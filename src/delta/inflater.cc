// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/inflater.h"

#include <zlib.h>

#include <algorithm>
#include <new>

namespace docker_sync {

namespace {

constexpr int kRawDeflate = -MAX_WBITS;
constexpr size_t kFirstInBytes = size_t{4} << 10;  // Most parts are small; what is read behind one is read again.
constexpr size_t kInBytes = size_t{16} << 10, kOutBytes = size_t{32} << 10;

void end_inflate(z_stream* stream) {
  ::inflateEnd(stream);
  delete stream;
}

}  // namespace

Inflater::Inflater() : stream_(new z_stream{}, end_inflate), in_(kInBytes), out_(kOutBytes) {
  if (::inflateInit2(stream_.get(), kRawDeflate) != Z_OK) throw std::bad_alloc();
}

InflateResult Inflater::inflate(const RandomAccess& content, uint64_t offset, uint64_t limit, Sink& to) {
  z_stream& stream = *stream_;
  ::inflateReset(&stream);
  stream.avail_in = 0;
  uint64_t read = 0, written = 0;
  for (;;) {
    if (stream.avail_in == 0) {
      const uint64_t left = content.size() - offset - read;
      if (left == 0) return {InflateResult::End::damaged, 0, written};
      const size_t count = static_cast<size_t>(std::min<uint64_t>(read == 0 ? kFirstInBytes : kInBytes, left));
      content.read_at(offset + read, MutableBytes(in_).first(count));
      stream.next_in = in_.data();
      stream.avail_in = static_cast<uInt>(count);
      read += count;
    }
    stream.next_out = out_.data();
    stream.avail_out = kOutBytes;
    const int result = ::inflate(&stream, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END) return {InflateResult::End::damaged, 0, written};
    const size_t made = kOutBytes - stream.avail_out;
    if (made > limit - written) return {InflateResult::End::too_large, 0, written};
    to.write(ByteView(out_).first(made));
    written += made;
    if (result == Z_STREAM_END) return {InflateResult::End::whole, read - stream.avail_in, written};
  }
}

}  // namespace docker_sync
