// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// All bytes of the program flow through these: a Source is read from, a Sink written to, a RandomAccess read anywhere.
// One virtual each, so that a spool, a socket, a decompressor and a hash fit together without knowing each other.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>

#include "base/bytes.h"

namespace docker_sync {

class Source {
 public:
  virtual ~Source() = default;
  /// Reads up to out.size() bytes, at least one unless at the end; returns how many, 0 at the end.
  [[nodiscard]] virtual size_t read(MutableBytes out) = 0;
};

class Sink {
 public:
  virtual ~Sink() = default;
  /// Takes all of `bytes`.
  virtual void write(ByteView bytes) = 0;
};

class RandomAccess {
 public:
  virtual ~RandomAccess() = default;
  [[nodiscard]] virtual uint64_t size() const = 0;
  /// Fills `out` from `offset`. REQUIRES: offset + out.size() <= size().
  virtual void read_at(uint64_t offset, MutableBytes out) const = 0;
  /// How many bytes from `offset` are read at one price. Who is not sure to need more reads no more. REQUIRES: offset <
  /// size().
  [[nodiscard]] virtual uint64_t at_once(uint64_t offset) const { return size() - offset; }
};

/// Bytes [offset, offset + size) of another RandomAccess, which must outlive it.
class Slice : public RandomAccess {
 public:
  /// REQUIRES: offset + size <= whole.size().
  Slice(const RandomAccess& whole, uint64_t offset, uint64_t size);
  [[nodiscard]] uint64_t size() const override { return size_; }
  void read_at(uint64_t offset, MutableBytes out) const override;

 private:
  const RandomAccess* whole_;
  uint64_t offset_, size_;
};

/// Reads a RandomAccess from front to back.
class SequentialReader : public Source {
 public:
  explicit SequentialReader(const RandomAccess& file) : file_(&file) {}
  [[nodiscard]] size_t read(MutableBytes out) override;

 private:
  const RandomAccess* file_;
  uint64_t position_ = 0;
};

class MemorySource : public Source {
 public:
  explicit MemorySource(ByteView bytes) : rest_(bytes) {}
  [[nodiscard]] size_t read(MutableBytes out) override;

 private:
  ByteView rest_;
};

class MemoryFile : public RandomAccess {
 public:
  explicit MemoryFile(ByteView bytes) : bytes_(bytes) {}
  [[nodiscard]] uint64_t size() const override { return bytes_.size(); }
  void read_at(uint64_t offset, MutableBytes out) const override;

 private:
  ByteView bytes_;
};

class MemorySink : public Sink {
 public:
  void write(ByteView bytes) override { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  Bytes& bytes() { return bytes_; }

 private:
  Bytes bytes_;
};

/// Calls a function for each run of bytes.
class CallbackSink : public Sink {
 public:
  explicit CallbackSink(std::function<void(ByteView)> take) : take_(std::move(take)) {}
  void write(ByteView bytes) override { take_(bytes); }

 private:
  std::function<void(ByteView)> take_;
};

/// Fills `out` as far as the source reaches; returns how many bytes came.
size_t read_full(Source& source, MutableBytes out);

/// Copies to the end of the source, 128 KiB at a time; returns how many bytes.
uint64_t copy(Source& source, Sink& sink);

/// Copies all of `file`, 128 KiB at a time.
void copy(const RandomAccess& file, Sink& sink);

}  // namespace docker_sync
