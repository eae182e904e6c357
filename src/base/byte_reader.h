// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Reads a peer's bytes off a Source that does not say where its parts end: bytes, integers and runs, through a buffer.
// What all our formats are read by.
#pragma once

#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "base/io.h"

namespace docker_sync {

class ByteReader {
 public:
  /// `what` is read, for errors: "a patch". Reads ahead of what is taken. Memory: 64 KiB.
  ByteReader(Source& source, std::string what);

  [[nodiscard]] bool at_end();
  /// All below throw ExitCode::protocol where the source ends before they have what they want.
  [[nodiscard]] uint8_t byte() { return take(1).front(); }
  [[nodiscard]] uint64_t integer();  ///< LEB128
  /// At least one and at most that many bytes, valid until the next call.
  [[nodiscard]] ByteView take(uint64_t most);
  void read(MutableBytes out);
  void copy_to(Sink& sink, uint64_t count);
  /// Bytes taken so far.
  [[nodiscard]] uint64_t position() const { return read_ - (end_ - begin_); }

 private:
  Source* source_;
  std::string what_;
  Bytes buffer_;
  size_t begin_ = 0, end_ = 0;
  uint64_t read_ = 0;
};

}  // namespace docker_sync
