// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/attach_decoder.h"

#include <algorithm>

#include "base/error.h"

namespace docker_sync {

namespace {

constexpr size_t kHeadBytes = 8;
constexpr uint8_t kOutput = 1, kErrors = 2;

}  // namespace

void AttachDecoder::feed(ByteView bytes) {
  raw_.erase(raw_.begin(), raw_.begin() + static_cast<std::ptrdiff_t>(position_));
  position_ = 0;
  raw_.insert(raw_.end(), bytes.begin(), bytes.end());
}

void AttachDecoder::skip_to_output() {
  while (true) {
    if (frame_left_ > 0) {
      if (is_output_ || rest().empty()) return;
      const ByteView text = rest().first(std::min<size_t>(frame_left_, rest().size()));
      errors_.append(as_text(text));
      position_ += text.size();
      frame_left_ -= static_cast<uint32_t>(text.size());
      continue;
    }
    const ByteView head = rest();
    if (head.size() < kHeadBytes) return;
    if ((head[0] != kOutput && head[0] != kErrors) || head[1] != 0 || head[2] != 0 || head[3] != 0) {
      throw_protocol("the daemon's stream from the container went astray");
    }
    is_output_ = head[0] == kOutput;
    frame_left_ = uint32_t{head[4]} << 24 | uint32_t{head[5]} << 16 | uint32_t{head[6]} << 8 | uint32_t{head[7]};
    position_ += kHeadBytes;
  }
}

bool AttachDecoder::has_output() {
  skip_to_output();
  return frame_left_ > 0 && is_output_ && !rest().empty();
}

size_t AttachDecoder::take(MutableBytes out) {
  if (!has_output()) return 0;
  const size_t count = std::min({out.size(), rest().size(), size_t{frame_left_}});
  std::copy_n(rest().begin(), count, out.begin());
  position_ += count;
  frame_left_ -= static_cast<uint32_t>(count);
  return count;
}

}  // namespace docker_sync
