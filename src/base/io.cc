// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/io.h"

#include <cassert>
#include <cstring>

namespace docker_sync {

namespace {
constexpr size_t kCopyBytes = 128 << 10;
}

Slice::Slice(const RandomAccess& whole, uint64_t offset, uint64_t size) : whole_(&whole), offset_(offset), size_(size) {
  assert(offset <= whole.size() && size <= whole.size() - offset);
}

void Slice::read_at(uint64_t offset, MutableBytes out) const {
  assert(offset <= size_ && out.size() <= size_ - offset);
  whole_->read_at(offset_ + offset, out);
}

size_t SequentialReader::read(MutableBytes out) {
  const auto wanted = static_cast<size_t>(std::min<uint64_t>(out.size(), file_->size() - position_));
  if (wanted > 0) file_->read_at(position_, out.first(wanted));
  position_ += wanted;
  return wanted;
}

size_t MemorySource::read(MutableBytes out) {
  const size_t count = std::min(out.size(), rest_.size());
  if (count > 0) std::memcpy(out.data(), rest_.data(), count);
  rest_ = rest_.subspan(count);
  return count;
}

void MemoryFile::read_at(uint64_t offset, MutableBytes out) const {
  assert(offset <= bytes_.size() && out.size() <= bytes_.size() - offset);
  if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
}

size_t read_full(Source& source, MutableBytes out) {
  size_t done = 0;
  while (done < out.size()) {
    const size_t count = source.read(out.subspan(done));
    if (count == 0) break;
    done += count;
  }
  return done;
}

uint64_t copy(Source& source, Sink& sink) {
  Bytes buffer(kCopyBytes);
  uint64_t total = 0;
  while (const size_t count = source.read(buffer)) {
    sink.write(ByteView(buffer).first(count));
    total += count;
  }
  return total;
}

void copy(const RandomAccess& file, Sink& sink) {
  SequentialReader reader(file);
  copy(reader, sink);
}

}  // namespace docker_sync
