// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Bytes whose number is known before they come, written by one thread and read by others meanwhile: who wants what has
// not come waits. The last byte comes when who writes has found the whole to be right.
#pragma once

#include "base/error.h"
#include "base/io.h"

namespace docker_sync {

class ComingBytes : public Sink, public RandomAccess {
 public:
  /// All has been written, and is right.
  virtual void end() = 0;
  /// It will not come to its end: who waits gets `error`.
  virtual void close(const Error& error) = 0;
};

}  // namespace docker_sync
