// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/deflate_search.h"

#include <algorithm>
#include <array>
#include <span>

namespace docker_sync {

namespace {

constexpr size_t kChunk = size_t{32} << 10;
constexpr int kMostFailures = 4;
// Believed after so many parts in a row, of which every so many-th is tried; of one larger than that only so much.
constexpr int kTriedFirst = 16, kTriedThen = 8;
constexpr uint64_t kLarge = 64 << 10;

using Method = DeflateMethod;
constexpr std::array kForZip{Method::zlib(6),    Method::zlib(9),    Method::gzip(6),    Method::gzip(9),
                             Method::zlib(8),    Method::zlib(1),    Method::zlib(5),    Method::zlib(7),
                             Method::zlib(4),    Method::zlib(3),    Method::zlib(2),    Method::zlib(6, 9),
                             Method::zlib(9, 9), Method::zlib(1, 9), Method::gzip(8),    Method::gzip(7),
                             Method::gzip(5),    Method::gzip(4),    Method::zlib(8, 9), Method::zlib(5, 9),
                             Method::zlib(7, 9), Method::zlib(4, 9), Method::zlib(3, 9), Method::zlib(2, 9)};
constexpr std::array kForGzip{Method::gzip(9),    Method::gzip(6),    Method::zlib(9),    Method::zlib(6),
                              Method::zlib(9, 9), Method::zlib(6, 9), Method::gzip(8),    Method::gzip(7),
                              Method::gzip(5),    Method::gzip(4),    Method::zlib(1),    Method::zlib(1, 9),
                              Method::zlib(8),    Method::zlib(5),    Method::zlib(7),    Method::zlib(4),
                              Method::zlib(3),    Method::zlib(2),    Method::zlib(8, 9), Method::zlib(5, 9),
                              Method::zlib(7, 9), Method::zlib(4, 9), Method::zlib(3, 9), Method::zlib(2, 9)};

/// Compares what comes with a run of a file.
class ComparingSink : public Sink {
 public:
  ComparingSink(const RandomAccess& file, uint64_t offset, uint64_t size)
      : file_(&file), offset_(offset), left_(size) {}

  void write(ByteView bytes) override {
    if (differs_ || bytes.size() > left_) {
      differs_ = true;
      return;
    }
    expected_.resize(bytes.size());
    file_->read_at(offset_, expected_);
    differs_ = !std::equal(bytes.begin(), bytes.end(), expected_.begin());
    offset_ += bytes.size();
    left_ -= bytes.size();
  }
  [[nodiscard]] bool differs() const { return differs_; }
  [[nodiscard]] uint64_t left() const { return left_; }
  [[nodiscard]] bool same() const { return !differs_ && left_ == 0; }

 private:
  const RandomAccess* file_;
  uint64_t offset_, left_;
  Bytes expected_;
  bool differs_ = false;
};

}  // namespace

std::optional<DeflateMethod> DeflateSearch::find(const PartPlace& place, uint64_t deflated_size,
                                                 const RandomAccess& inflated) {
  if (const auto method = believed(place.offset, deflated_size, inflated)) return method;
  for (auto method = worked_.begin(); method != worked_.end(); ++method) {
    if (!makes(*method, place.offset, deflated_size, inflated)) continue;
    in_a_row_ = method == worked_.begin() ? in_a_row_ + 1 : 1;
    std::rotate(worked_.begin(), method, method + 1);
    return worked_.front();
  }
  in_a_row_ = 0;
  if (failures_ == kMostFailures) return std::nullopt;
  for (const DeflateMethod method : place.kind == PartKind::zip ? std::span(kForZip) : std::span(kForGzip)) {
    if (std::ranges::find(worked_, method) != worked_.end()) continue;
    if (!makes(method, place.offset, deflated_size, inflated)) continue;
    worked_.insert(worked_.begin(), method);
    in_a_row_ = 1;
    return method;
  }
  ++failures_;
  return std::nullopt;
}

std::optional<DeflateMethod> DeflateSearch::believed(uint64_t offset, uint64_t deflated_size,
                                                     const RandomAccess& inflated) {
  if (check_ == DeflateCheck::every_part || in_a_row_ < kTriedFirst) return std::nullopt;
  const bool is_large = deflated_size > kLarge;
  if (!is_large && in_a_row_ % kTriedThen == 0) return std::nullopt;
  if (is_large && !makes(worked_.front(), offset, deflated_size, inflated, kLarge)) return std::nullopt;
  ++in_a_row_;
  return worked_.front();
}

bool DeflateSearch::hopeless() const { return worked_.empty() && failures_ == kMostFailures; }

bool DeflateSearch::makes(DeflateMethod method, uint64_t offset, uint64_t deflated_size, const RandomAccess& inflated,
                          uint64_t most) {
  Deflater& deflater = deflaters_.get(method);
  ComparingSink made(*content_, offset, deflated_size);
  deflater.start(made);
  for (uint64_t at = 0; at < inflated.size() && !made.differs(); at += chunk_.size()) {
    chunk_.resize(static_cast<size_t>(std::min<uint64_t>(kChunk, inflated.size() - at)));
    inflated.read_at(at, chunk_);
    deflater.write(chunk_);
    if (!made.differs() && deflated_size - made.left() >= most) return true;
  }
  if (made.differs()) return false;
  deflater.finish();
  return made.same();
}

}  // namespace docker_sync
