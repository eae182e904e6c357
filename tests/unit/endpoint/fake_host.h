// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// An endpoint that serves a FakeEngine in a thread, as the helper does on a host.
#pragma once

#include <stdlib.h>

#include <future>

#include "endpoint/serve.h"
#include "fake_engine.h"
#include "narrow_pipes.h"

namespace docker_sync {

/// Hands the fake on without giving it away.
class BorrowedEngine : public Engine {
 public:
  explicit BorrowedEngine(Engine& engine) : engine_(&engine) {}
  [[nodiscard]] std::string description() const override { return engine_->description(); }
  [[nodiscard]] PartialLoad partial_load() const override { return engine_->partial_load(); }
  [[nodiscard]] bool reads_in_place() override { return engine_->reads_in_place(); }
  [[nodiscard]] std::string id_of_loaded(const Digest& config, const Digest& manifest) const override {
    return engine_->id_of_loaded(config, manifest);
  }
  [[nodiscard]] bool is_whole(const std::string& id) override { return engine_->is_whole(id); }
  [[nodiscard]] std::vector<ImageInfo> list() override { return engine_->list(); }
  [[nodiscard]] std::optional<ImageInfo> inspect(const std::string& id) override { return engine_->inspect(id); }
  [[nodiscard]] std::unique_ptr<Source> save(const std::vector<std::string>& ids) override {
    return engine_->save(ids);
  }
  [[nodiscard]] std::vector<std::string> load(Source& archive) override { return engine_->load(archive); }
  void tag(const std::string& id, const Reference& name) override { engine_->tag(id, name); }
  void remove_untagged(const std::string& id) override { engine_->remove_untagged(id); }
  void end_started(bool for_good) noexcept override { engine_->end_started(for_good); }

 private:
  Engine* engine_;
};

class FakeHost {
 public:
  FakeEngine engine;
  uint32_t stream_window = limits::kStreamWindow;
  std::string cache_folder;  ///< none: nothing is kept

  /// Starts serving; the controller's end.
  std::unique_ptr<Channel> serve_narrowly() {
    ChannelPair pair = make_narrow_pair();
    served_ = std::async(std::launch::async, [this, channel = std::move(pair.second)]() mutable {
      serve(std::move(channel),
            {[this] { return std::make_unique<BorrowedEngine>(engine); }, {}, stream_window, cache_folder});
    });
    return std::move(pair.first);
  }

  /// Waits until it has undone what was not committed; throws what ended it.
  void wait() { served_.get(); }

 private:
  std::future<void> served_;
};

}  // namespace docker_sync
