// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A layer of a store that is not looked into before somebody wants to: of a basis whose index is in the cache, most
// layers are never read.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "base/io.h"

namespace docker_sync {

/// Any thread. size() and read_at() throw what `open` throws, each time anew.
class LazyTar : public RandomAccess {
 public:
  explicit LazyTar(std::function<std::unique_ptr<RandomAccess>()> open) : open_(std::move(open)) {}

  [[nodiscard]] uint64_t size() const override { return tar().size(); }
  void read_at(uint64_t offset, MutableBytes out) const override { tar().read_at(offset, out); }
  [[nodiscard]] uint64_t at_once(uint64_t offset) const override { return tar().at_once(offset); }

 private:
  [[nodiscard]] const RandomAccess& tar() const {
    std::call_once(once_, [this] { tar_ = open_(); });
    return *tar_;
  }

  const std::function<std::unique_ptr<RandomAccess>()> open_;
  mutable std::once_flag once_;
  mutable std::unique_ptr<RandomAccess> tar_;
};

}  // namespace docker_sync
