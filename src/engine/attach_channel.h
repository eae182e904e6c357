// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The standard streams of a container as a Channel, over one connection to its daemon that stops being HTTP.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "base/channel.h"
#include "engine/attach_decoder.h"
#include "engine/engine_stream.h"

namespace docker_sync {

class AttachChannel : public Channel {
 public:
  /// Asks for the stream: POST `target` with an upgrade. Throws ExitCode::engine with the daemon's words if it refuses.
  /// `stream` may be read by one thread while another one writes.
  AttachChannel(std::unique_ptr<EngineStream> stream, const std::string& target);

  /// Whether the container says something within that time. REQUIRES: nobody reads.
  [[nodiscard]] bool await_output(std::chrono::milliseconds time);

  /// Counted as sent over this channel, though it went another way.
  void add_to_sent(uint64_t bytes) { sent_ += bytes; }

  [[nodiscard]] size_t read(MutableBytes out, std::chrono::milliseconds silence) override;
  void write(ByteView bytes) override;
  void finish_writing() override { stream_->finish_writing(); }
  void close() noexcept override;
  [[nodiscard]] Traffic traffic() const override { return {sent_, received_}; }
  [[nodiscard]] std::string diagnostics() const override;

 private:
  enum class Came { bytes, end, nothing };
  [[nodiscard]] Came receive(std::chrono::milliseconds time);

  std::unique_ptr<EngineStream> stream_;
  mutable std::mutex mutex_;  ///< guards decoder_
  AttachDecoder decoder_;
  Bytes block_;  ///< of the one reading thread
  std::atomic<bool> closed_ = false;
  std::atomic<uint64_t> sent_ = 0, received_ = 0;
};

}  // namespace docker_sync
