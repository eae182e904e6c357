// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/gzip_file.h"

#include <zlib.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <new>
#include <string>

#include "base/compression.h"
#include "store/layer_store.h"

namespace docker_sync {

namespace {

constexpr size_t kInBytes = 64 << 10, kOutBytes = 256 << 10, kSkippedBytes = 32 << 10;
constexpr size_t kHistoryBytes = 32 << 10;
constexpr uint64_t kFirstSpacing = 1 << 20;
constexpr size_t kMostCheckPointBytes = 16 << 20;
constexpr size_t kMostIdle = 3;
constexpr int kWithGzipHeader = 16 + MAX_WBITS, kRaw = -MAX_WBITS;
constexpr uint64_t kTrailerBytes = 8;
/// What zlib says of where it has stopped, besides how many bits are left of the last byte.
constexpr int kBits = 7, kInLastBlock = 64, kBeforeBlock = 128;

[[noreturn]] void refuse(const std::string& why) { throw_damaged_store("a layer in gzip: " + why); }

}  // namespace

/// Goes through the tar from a check point on, or from the beginning.
class GzipFile::Inflation {
 public:
  explicit Inflation(const RandomAccess& packed) : packed_(packed), in_(kInBytes) {
    if (::inflateInit2(&stream_, kWithGzipHeader) != Z_OK) throw std::bad_alloc();
  }
  ~Inflation() { ::inflateEnd(&stream_); }
  Inflation(const Inflation&) = delete;
  Inflation& operator=(const Inflation&) = delete;

  [[nodiscard]] uint64_t position() const { return position_; }
  [[nodiscard]] bool ended() const { return ended_; }

  void start_at(const CheckPoint& point) {
    begin_raw();
    position_ = point.position;
    go_to(point.packed_position - (point.bits > 0 ? 1 : 0));
    if (point.bits > 0) {
      refill();
      ::inflatePrime(&stream_, point.bits, *stream_.next_in++ >> (8 - point.bits));
      --stream_.avail_in;
    }
    const Bytes history = zstd_decompress(point.history, kHistoryBytes);
    ::inflateSetDictionary(&stream_, history.data(), static_cast<uInt>(history.size()));
  }

  /// One step ahead, at most to where a block begins if that is wanted. Returns how many bytes came, maybe none.
  size_t step(MutableBytes out, bool stop_before_block = false) {
    if (stream_.avail_in == 0) refill();
    if (!within_) {
      ended_ = stream_.avail_in == 0;
      if (ended_) return 0;
      begin_member();
    }
    const auto room = static_cast<uInt>(std::min<size_t>(out.size(), std::numeric_limits<uInt>::max()));
    stream_.next_out = out.data();
    stream_.avail_out = room;
    const bool no_more = stream_.avail_in == 0;
    const int result = ::inflate(&stream_, stop_before_block ? Z_BLOCK : Z_NO_FLUSH);
    // Z_BUF_ERROR: neither taken nor given anything. Bits that it had before may still have brought it on.
    if (result == Z_BUF_ERROR && no_more) refuse("it is cut short");
    if (result == Z_STREAM_END) {
      end_member();
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      refuse(stream_.msg != nullptr ? stream_.msg : "it is damaged");
    }
    position_ += room - stream_.avail_out;
    return room - stream_.avail_out;
  }

  [[nodiscard]] bool is_before_block() const {
    return within_ && (stream_.data_type & kBeforeBlock) != 0 && (stream_.data_type & kInLastBlock) == 0;
  }

  /// REQUIRES: is_before_block().
  [[nodiscard]] CheckPoint check_point() {
    Bytes history(kHistoryBytes);
    uInt size = 0;
    ::inflateGetDictionary(&stream_, history.data(), &size);
    return {position_, packed_position(), stream_.data_type & kBits, zstd_compress(ByteView(history).first(size), 1)};
  }

  void read(MutableBytes out) {
    while (!out.empty()) {
      out = out.subspan(step(out));
      if (ended_) refuse("it has become shorter");
    }
  }

  void skip_to(uint64_t offset) {
    uint8_t skipped[kSkippedBytes];
    while (position_ < offset) read(MutableBytes(skipped).first(std::min<size_t>(kSkippedBytes, offset - position_)));
  }

 private:
  [[nodiscard]] uint64_t packed_position() const { return in_end_ - stream_.avail_in; }

  void go_to(uint64_t packed_position) {
    if (packed_position > packed_.size()) refuse("it is cut short");
    in_end_ = packed_position;
    stream_.avail_in = 0;
  }

  void refill() {
    const auto count = static_cast<uInt>(std::min<uint64_t>(in_.size(), packed_.size() - in_end_));
    packed_.read_at(in_end_, MutableBytes(in_).first(count));
    in_end_ += count;
    stream_.next_in = in_.data();
    stream_.avail_in = count;
  }

  void begin_member() {
    ::inflateReset2(&stream_, kWithGzipHeader);
    ::inflateValidate(&stream_, 0);  // sha256 says more than the CRC-32 at its end
    within_ = true;
    is_raw_ = false;
  }

  void begin_raw() {
    ::inflateReset2(&stream_, kRaw);
    within_ = is_raw_ = true;
    ended_ = false;
  }

  void end_member() {
    within_ = false;
    // zlib, which saw no header, takes no trailer either.
    if (is_raw_) go_to(packed_position() + kTrailerBytes);
  }

  const RandomAccess& packed_;
  Bytes in_;
  uint64_t in_end_ = 0;  ///< what comes after in_
  z_stream stream_{};
  uint64_t position_ = 0;
  bool within_ = false;  ///< a member
  bool is_raw_ = false;  ///< begun in the midst of it
  bool ended_ = false;
};

GzipFile::GzipFile(std::shared_ptr<const RandomAccess> packed) : packed_(std::move(packed)), spacing_(kFirstSpacing) {
  if (packed_->size() == 0) refuse("it is empty");
  auto inflation = std::make_unique<Inflation>(*packed_);
  Sha256 hash;
  Bytes buffer(kOutBytes);
  while (!inflation->ended()) {
    // To stop at each block would have zlib copy all of its window each time.
    const bool due = check_points_.empty() || inflation->position() - check_points_.back().position >= spacing_;
    hash.write(ByteView(buffer).first(inflation->step(buffer, due)));
    if (due && inflation->is_before_block()) add(inflation->check_point());
  }
  size_ = inflation->position();
  digest_ = {hash.finish()};
}

GzipFile::~GzipFile() = default;

void GzipFile::add(CheckPoint point) {
  check_point_bytes_ += point.bytes();
  check_points_.push_back(std::move(point));
  if (check_point_bytes_ <= kMostCheckPointBytes) return;
  spacing_ *= 2;
  bool keep = false;
  std::erase_if(check_points_, [&](const CheckPoint& one) {
    keep = !keep;
    if (!keep) check_point_bytes_ -= one.bytes();
    return !keep;
  });
}

const GzipFile::CheckPoint& GzipFile::check_point_before(uint64_t offset) const {
  const auto after = std::upper_bound(check_points_.begin(), check_points_.end(), offset,
                                      [](uint64_t at, const CheckPoint& point) { return at < point.position; });
  return *std::prev(after);  // the first one is before all bytes
}

std::unique_ptr<GzipFile::Inflation> GzipFile::inflation_at(uint64_t offset) const {
  const CheckPoint& point = check_point_before(offset);
  const auto is_near = [&](const Inflation& one) {
    return point.position <= one.position() && one.position() <= offset;
  };
  std::unique_ptr<Inflation> inflation;
  {
    const std::lock_guard lock(mutex_);
    auto best = idle_.end();
    for (auto one = idle_.begin(); one != idle_.end(); ++one) {
      if (is_near(**one) && (best == idle_.end() || (*best)->position() < (*one)->position())) best = one;
    }
    if (best == idle_.end() && idle_.size() == kMostIdle) best = idle_.begin();
    if (best != idle_.end()) {
      inflation = std::move(*best);
      idle_.erase(best);
    }
  }
  if (!inflation) inflation = std::make_unique<Inflation>(*packed_);
  if (!is_near(*inflation)) inflation->start_at(point);
  return inflation;
}

void GzipFile::read_at(uint64_t offset, MutableBytes out) const {
  assert(offset <= size_ && out.size() <= size_ - offset);
  if (out.empty()) return;
  auto inflation = inflation_at(offset);
  inflation->skip_to(offset);
  inflation->read(out);
  // A damaged one, which has thrown, is of no more use.
  const std::lock_guard lock(mutex_);
  if (idle_.size() == kMostIdle) idle_.erase(idle_.begin());
  idle_.push_back(std::move(inflation));
}

}  // namespace docker_sync
