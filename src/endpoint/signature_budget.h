// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Keeps signatures from costing more than they save: files that have nothing but their path in common would make a sync
// dearer than one without any basis. Each signature is paid from what deltas before it have saved; what has no result
// yet counts as lost. So the first few go out on credit, and then as many as they are worth.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

#include "base/error.h"

namespace docker_sync {

class SignatureBudget {
 public:
  /// Whether to send a signature of that many bytes for a content of `content_bytes`. Waits for deltas that are under
  /// way when what they save would decide; not for what signatures that are not sent yet would bring. Throws the error
  /// of close().
  [[nodiscard]] bool take(uint64_t signature_bytes, uint64_t content_bytes);
  /// All that were taken are sent: their deltas will come.
  void sent();
  /// A delta of so many bytes is here for a content that took a signature.
  void settle(uint64_t content_bytes, uint64_t delta_bytes);
  /// So much came in the contents stream; a small part of it may be spent.
  void received(uint64_t bytes);
  void close(const Error& error);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t credit_ = 32 << 10;
  uint64_t pending_ = 0, under_way_ = 0;  ///< contents
  std::optional<Error> error_;
};

}  // namespace docker_sync
