// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/byte_reader.h"

#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/leb128.h"

namespace docker_sync {

ByteReader::ByteReader(Source& source, std::string what)
    : source_(&source), what_(std::move(what)), buffer_(size_t{64} << 10) {}

bool ByteReader::at_end() {
  if (begin_ < end_) return false;
  begin_ = 0;
  end_ = source_->read(buffer_);
  read_ += end_;
  return end_ == 0;
}

uint64_t ByteReader::integer() {
  return get_leb128([this] { return byte(); });
}

ByteView ByteReader::take(uint64_t most) {
  if (at_end()) throw_protocol(what_ + " ended too early");
  const auto count = static_cast<size_t>(std::min<uint64_t>(most, end_ - begin_));
  const ByteView bytes = ByteView(buffer_).subspan(begin_, count);
  begin_ += count;
  return bytes;
}

void ByteReader::read(MutableBytes out) {
  while (!out.empty()) {
    const ByteView bytes = take(out.size());
    std::memcpy(out.data(), bytes.data(), bytes.size());
    out = out.subspan(bytes.size());
  }
}

void ByteReader::copy_to(Sink& sink, uint64_t count) {
  while (count > 0) {
    const ByteView bytes = take(count);
    sink.write(bytes);
    count -= bytes.size();
  }
}

}  // namespace docker_sync
