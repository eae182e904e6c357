// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/records.h"

#include "base/error.h"
#include "base/leb128.h"

namespace docker_sync {

void put_integer(Sink& sink, uint64_t value) {
  uint8_t bytes[10];
  size_t count = 0;
  put_leb128(value, [&](uint8_t byte) { bytes[count++] = byte; });
  sink.write({bytes, count});
}

void put_run(Sink& sink, ByteView bytes) {
  put_integer(sink, bytes.size());
  sink.write(bytes);
}

void put_fixed64(Sink& sink, uint64_t value) {
  uint8_t bytes[8];
  for (uint8_t& byte : bytes) {
    byte = static_cast<uint8_t>(value);
    value >>= 8;
  }
  sink.write(bytes);
}

uint64_t RecordReader::integer(uint64_t limit) {
  const uint64_t value = integer();
  if (value > limit) throw_protocol("a length beyond its limit");
  return value;
}

Bytes RecordReader::run(size_t limit) {
  Bytes bytes(static_cast<size_t>(integer(limit)));
  read(bytes);
  return bytes;
}

Digest RecordReader::digest() {
  Digest digest;
  read(digest.bytes);
  return digest;
}

uint64_t RecordReader::fixed64() {
  uint8_t bytes[8];
  read(bytes);
  uint64_t value = 0;
  for (size_t i = 8; i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

void PlaceWriter::put(Sink& sink, const BasisFile& place) {
  put_integer(sink, place.layer);
  put_integer(sink, place.size);
  put_integer(sink, zigzag(place.offset - end_));  // modulo 2^64
  end_ = place.offset + place.size;
}

BasisFile PlaceReader::get(RecordReader& records) {
  BasisFile place;
  place.layer = static_cast<uint32_t>(records.integer(UINT32_MAX));
  place.size = records.integer();
  place.offset = end_ + unzigzag(records.integer());
  end_ = place.offset + place.size;
  return place;
}

size_t RunSource::read(MutableBytes out) {
  if (left_ == 0 && !ended_) {
    left_ = records_->integer(longest_run_);
    ended_ = left_ == 0;
  }
  const auto count = static_cast<size_t>(std::min<uint64_t>(out.size(), left_));
  records_->read(out.first(count));
  left_ -= count;
  return count;
}

void RunSource::drain() {
  uint8_t buffer[4096];
  while (read(buffer) > 0) {
  }
}

void RunSink::write(ByteView bytes) {
  while (!bytes.empty()) {
    const ByteView part = bytes.first(std::min(bytes.size(), longest_run_ - pending_.size()));
    pending_.insert(pending_.end(), part.begin(), part.end());
    bytes = bytes.subspan(part.size());
    if (pending_.size() == longest_run_) {
      put_run(*below_, pending_);
      pending_.clear();
    }
  }
}

void RunSink::end() {
  if (!pending_.empty()) put_run(*below_, pending_);
  pending_.clear();
  put_integer(*below_, 0);
}

}  // namespace docker_sync
