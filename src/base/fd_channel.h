// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A Channel over two file descriptors: the helper's standard input and output, a pair of pipes in tests, a socket.
#pragma once

#include <atomic>
#include <memory>

#include "base/channel.h"
#include "base/fd.h"

namespace docker_sync {

class FdChannel : public Channel {
 public:
  /// Makes both descriptors non-blocking.
  FdChannel(Fd in, Fd out);

  [[nodiscard]] size_t read(MutableBytes out, std::chrono::milliseconds silence) override;
  void write(ByteView bytes) override;
  void finish_writing() override;
  void close() noexcept override;
  [[nodiscard]] Traffic traffic() const override { return {sent_, received_}; }
  [[nodiscard]] std::string diagnostics() const override { return {}; }

 private:
  Fd in_, out_;
  Pipe wake_;  ///< its write end is closed by close(): readable means closed
  std::atomic<bool> closed_ = false;
  std::atomic<uint64_t> sent_ = 0, received_ = 0;
};

/// The two ends of a connection inside the program (a socket pair).
struct ChannelPair {
  std::unique_ptr<Channel> first, second;
};
[[nodiscard]] ChannelPair make_channel_pair();

}  // namespace docker_sync
