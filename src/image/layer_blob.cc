// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/layer_blob.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <string>

#include "base/error.h"

namespace docker_sync {

namespace {

constexpr size_t kInBytes = 64 << 10;
constexpr int kWithGzipHeader = 16 + MAX_WBITS;
constexpr int kZstdWindowLogMost = 27;
// A skippable frame may come first (zstd:chunked puts its own last): 0x184D2A50 to 0x184D2A5F, little-endian.
constexpr uint8_t kGzip[] = {0x1f, 0x8b}, kZstd[] = {0x28, 0xb5, 0x2f, 0xfd}, kSkippable[] = {0x2a, 0x4d, 0x18};

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ExitCode::image, "a layer's compressed blob is damaged: " + why, "pull or build the image again");
}

bool starts_with(ByteView bytes, ByteView prefix) {
  return bytes.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

}  // namespace

class LayerBlob::Decoder {
 public:
  virtual ~Decoder() = default;
  /// Decodes from `in`, which it shortens, to `out`; `within` says whether what has begun goes on. Returns how much.
  virtual size_t decode(ByteView& in, MutableBytes out, bool& within) = 0;
};

namespace {

class Gunzip : public LayerBlob::Decoder {
 public:
  Gunzip() {
    if (::inflateInit2(&stream_, kWithGzipHeader) != Z_OK) throw std::bad_alloc();
  }
  ~Gunzip() override { ::inflateEnd(&stream_); }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  size_t decode(ByteView& in, MutableBytes out, bool& within) override {
    if (!within) ::inflateReset(&stream_);
    within = true;
    const auto room = static_cast<uInt>(std::min<size_t>(out.size(), std::numeric_limits<uInt>::max()));
    stream_.next_in = const_cast<Bytef*>(in.data());  // zlib only reads it
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = out.data();
    stream_.avail_out = room;
    const int result = ::inflate(&stream_, Z_NO_FLUSH);
    // Z_BUF_ERROR: nothing could be done without more input.
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      refuse(stream_.msg != nullptr ? stream_.msg : "gzip");
    }
    in = in.last(stream_.avail_in);
    within = result != Z_STREAM_END;
    return room - stream_.avail_out;
  }

 private:
  z_stream stream_{};
};

class Unzstd : public LayerBlob::Decoder {
 public:
  Unzstd() : context_(ZSTD_createDCtx(), ZSTD_freeDCtx) {
    if (!context_) throw std::bad_alloc();
    (void)ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kZstdWindowLogMost);
  }

  size_t decode(ByteView& in, MutableBytes out, bool& within) override {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    const size_t left = ZSTD_decompressStream(context_.get(), &to, &from);
    if (ZSTD_isError(left)) refuse(ZSTD_getErrorName(left));
    in = in.subspan(from.pos);
    within = left != 0;
    return to.pos;
  }

 private:
  std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context_;
};

}  // namespace

BlobForm form_of(ByteView beginning) {
  if (starts_with(beginning, kGzip)) return BlobForm::gzip;
  if (starts_with(beginning, kZstd)) return BlobForm::zstd;
  if (beginning.size() > 3 && beginning[0] >> 4 == 5 && starts_with(beginning.subspan(1), kSkippable)) {
    return BlobForm::zstd;
  }
  return BlobForm::plain;
}

LayerBlob::LayerBlob(Source& blob) : blob_(blob), in_(kInBytes) {
  rest_ = ByteView(in_).first(read_full(blob_, in_));
  form_ = form_of(rest_);
  if (form_ == BlobForm::gzip) decoder_ = std::make_unique<Gunzip>();
  if (form_ == BlobForm::zstd) decoder_ = std::make_unique<Unzstd>();
}

LayerBlob::~LayerBlob() = default;

bool LayerBlob::refill() {
  rest_ = ByteView(in_).first(blob_.read(in_));
  return !rest_.empty();
}

size_t LayerBlob::read(MutableBytes out) {
  if (out.empty()) return 0;
  if (!decoder_) {
    if (rest_.empty()) return blob_.read(out);
    const size_t count = std::min(out.size(), rest_.size());
    std::memcpy(out.data(), rest_.data(), count);
    rest_ = rest_.subspan(count);
    return count;
  }
  for (;;) {
    const bool more = !rest_.empty() || refill();
    if (!more && !within_) return 0;
    // What was read already may decode to more than there was room for: asked for before the end is called one.
    if (const size_t count = decoder_->decode(rest_, out, within_)) return count;
    if (!more && within_) refuse("it is cut short");
  }
}

}  // namespace docker_sync
