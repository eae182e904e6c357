// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The last bytes of a stream, here of the other side's standard error: what went wrong is said last.
#pragma once

#include <string>
#include <string_view>

namespace docker_sync {

/// Not thread-safe. Memory: twice the bound.
class TextTail {
 public:
  static constexpr size_t kMaxBytes = 8192;

  void append(std::string_view text) {
    text_.append(text.size() > kMaxBytes ? text.substr(text.size() - kMaxBytes) : text);
    if (text_.size() > kMaxBytes) text_.erase(0, text_.size() - kMaxBytes);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace docker_sync
