// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A connection over two pipes of 64 KiB: the tightest that a real transport gives.
#pragma once

#include <fcntl.h>

#include "base/fd_channel.h"

namespace docker_sync {

inline ChannelPair make_narrow_pair() {
  Pipe there = make_pipe(), back = make_pipe();
  ::fcntl(there.write_end.get(), F_SETPIPE_SZ, 65536);
  ::fcntl(back.write_end.get(), F_SETPIPE_SZ, 65536);
  return {std::make_unique<FdChannel>(std::move(back.read_end), std::move(there.write_end)),
          std::make_unique<FdChannel>(std::move(there.read_end), std::move(back.write_end))};
}

}  // namespace docker_sync
