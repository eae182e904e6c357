// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What the source has offered and may have to send: handed from the thread that offers to the one that sends.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "delta/basis_index.h"
#include "endpoint/records.h"

namespace docker_sync {

struct OfferedContent {
  uint64_t offset = 0, size = 0;  ///< in the block's layer
  Claim claim{};
  std::optional<BasisFile> similar;  ///< the most similar one of the shared basis; of what may travel
  bool plain = false;                ///< whether it is read once, and as it is
};

/// The contents that one block spoke of, in its order.
struct OfferedBlock {
  const RandomAccess* layer = nullptr;
  std::vector<OfferedContent> contents;
  size_t asked = 0;
};

/// Blocks never move nor change once they are here.
class OfferedBlocks {
 public:
  void push(OfferedBlock block);
  void end();
  void close(const Error& error);

  /// Waits for the block of that number; null once there are no more. Throws the error of close().
  [[nodiscard]] const OfferedBlock* wait_for(uint64_t number);
  /// Throws ExitCode::protocol if a peer speaks of a block that was not offered.
  [[nodiscard]] const OfferedBlock& at(uint64_t number);
  [[nodiscard]] bool has(uint64_t number);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<OfferedBlock> blocks_;
  bool ended_ = false;
  std::optional<Error> error_;
};

}  // namespace docker_sync
