// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/deflater.h"

#include <zlib.h>

#include <cassert>
#include <new>

#include "base/error.h"
#include "delta/gzip_deflater.h"

namespace docker_sync {

namespace {

constexpr int kRawDeflate = -MAX_WBITS;
constexpr size_t kOutBytes = size_t{16} << 10;

void end_deflate(z_stream* stream) {
  ::deflateEnd(stream);
  delete stream;
}

class ZlibDeflater : public Deflater {
 public:
  explicit ZlibDeflater(DeflateMethod method) : stream_(new z_stream{}, end_deflate), out_(kOutBytes) {
    if (::deflateInit2(stream_.get(), method.level(), Z_DEFLATED, kRawDeflate, method.memory_level(),
                       Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }

  void start(Sink& to) override {
    to_ = &to;
    ::deflateReset(stream_.get());
  }
  void write(ByteView bytes) override {
    // zlib counts in 32 bits.
    for (; bytes.size() > kMostAtOnce; bytes = bytes.subspan(kMostAtOnce)) run(bytes.first(kMostAtOnce), Z_NO_FLUSH);
    run(bytes, Z_NO_FLUSH);
  }
  void finish() override { run({}, Z_FINISH); }

 private:
  static constexpr size_t kMostAtOnce = size_t{1} << 30;

  void run(ByteView bytes, int flush) {
    stream_->next_in = const_cast<Bytef*>(bytes.data());
    stream_->avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_->next_out = out_.data();
      stream_->avail_out = kOutBytes;
      const int result = ::deflate(stream_.get(), flush);
      assert(result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR);
      static_cast<void>(result);
      if (stream_->avail_out < kOutBytes) to_->write(ByteView(out_).first(kOutBytes - stream_->avail_out));
    } while (stream_->avail_out == 0);
  }

  std::unique_ptr<z_stream, void (*)(z_stream*)> stream_;
  Sink* to_ = nullptr;
  Bytes out_;
};

}  // namespace

DeflateMethod DeflateMethod::from_byte(uint8_t byte) {
  const DeflateMethod method(byte);
  const int least = method.is_gzip() ? GzipDeflater::kLeastLevel : 1;
  const bool known = byte < 2 * kGzip && !(method.is_gzip() && method.memory_level() == 9);
  if (!known || method.level() < least || method.level() > 9) throw_protocol("a recipe names an unknown compressor");
  return method;
}

Deflater& Deflaters::get(DeflateMethod method) {
  std::unique_ptr<Deflater>& deflater = made_[method];
  if (!deflater && method.is_gzip()) deflater = std::make_unique<GzipDeflater>(method.level());
  if (!deflater) deflater = std::make_unique<ZlibDeflater>(method);
  return *deflater;
}

}  // namespace docker_sync
