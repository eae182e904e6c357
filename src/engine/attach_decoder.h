// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What comes back from a container that is attached to over the Engine API: its standard output and error in one
// stream, in frames with a head of eight bytes: which of both, three zeros, the length big-endian. (Docker Engine API,
// "Attach to a container", stream format.)
#pragma once

#include "base/bytes.h"
#include "base/text_tail.h"

namespace docker_sync {

class AttachDecoder {
 public:
  /// Takes raw bytes. Memory: what was fed and not taken yet.
  void feed(ByteView bytes);

  /// Takes bytes of the standard output; 0 if more must be fed first. Throws ExitCode::protocol on what is no frame.
  [[nodiscard]] size_t take(MutableBytes out);

  /// Whether take() would give something; what it passes over on the way is taken.
  [[nodiscard]] bool has_output();

  /// The end of the standard error so far.
  [[nodiscard]] const std::string& errors() const { return errors_.text(); }

 private:
  /// Goes on to the next bytes of the standard output, or as far as there is anything.
  void skip_to_output();
  [[nodiscard]] ByteView rest() const { return ByteView(raw_).subspan(position_); }

  Bytes raw_;
  size_t position_ = 0;
  bool is_output_ = false;
  uint32_t frame_left_ = 0;
  TextTail errors_;
};

}  // namespace docker_sync
