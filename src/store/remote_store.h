// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A store that this process may not read, through one that may (store_server.h). Layers are mostly read from front to
// back, and a question costs a way through an engine and back; so more is asked for than is wanted, twice as much each
// time while reading goes on where it ended, and the next block while the last one is used.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "base/channel.h"
#include "store/layer_store.h"
#include "store/store_frames.h"

namespace docker_sync {

/// Memory: nine blocks of store_limits::kRead, and one for each thread that reads.
class RemoteStore : public LayerStore {
 public:
  /// Waits for the greeting. Throws ExitCode::engine if something else comes, or nothing.
  RemoteStore(std::unique_ptr<Channel> channel, std::string description);
  ~RemoteStore() override;

  [[nodiscard]] std::string description() const override { return description_; }
  [[nodiscard]] std::optional<StoredImage> image(const ImageInfo& image) override;
  /// When the other side has gone, its read_at() throws ExitCode::verification as for a damaged store.
  [[nodiscard]] std::unique_ptr<RandomAccess> layer(const ImageInfo& image, size_t number) override;
  [[nodiscard]] std::optional<uint64_t> tar_size(const ImageInfo& image, size_t number) override;

  /// Ends the other side; what is asked from then on fails. Any thread.
  void close() noexcept { channel_->close(); }

 private:
  class Layer;
  struct Reply {
    size_t limit = 0;  ///< of what may be given
    bool is_here = false;
    StoreAnswer word{};
    Bytes payload;
  };
  /// Of a layer; asked for, and perhaps here.
  struct Block {
    uint32_t layer = 0;
    uint64_t begin = 0, end = 0;
    std::shared_ptr<Reply> reply;
  };

  void receive();
  [[nodiscard]] std::shared_ptr<Reply> ask(StoreQuestion word, const StoreFields& fields, size_t limit);
  void send(StoreQuestion word, uint32_t number, const StoreFields& fields);
  /// Throws as read_at() if nothing comes any more, or a failure.
  void wait(const Reply& reply);
  /// What is given, or nothing.
  [[nodiscard]] std::optional<Bytes> exchange(StoreQuestion word, const StoreFields& fields, size_t limit);

  void read_at(uint32_t layer, uint64_t size, uint64_t offset, MutableBytes out);
  [[nodiscard]] Block block_at(uint32_t layer, uint64_t size, uint64_t offset, size_t wanted);
  void read_ahead(const Block& block, uint64_t size);
  [[nodiscard]] const Block& add_block(uint32_t layer, uint64_t begin, uint64_t end);
  [[nodiscard]] std::vector<Block>::iterator find_block(uint32_t layer, uint64_t offset);
  void forget(const std::function<bool(const Block&)>& which);
  void close_layer(uint32_t layer) noexcept;

  const std::unique_ptr<Channel> channel_;
  const std::string description_;
  std::mutex writing_;
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable came_;
  std::map<uint32_t, std::shared_ptr<Reply>> asked_;
  uint32_t last_number_ = 0;
  std::optional<std::string> lost_;  ///< why nothing comes any more
  std::mutex blocks_mutex_;          ///< guards blocks_
  std::vector<Block> blocks_;        ///< the one that was used last is the first
  std::thread receiver_;
};

}  // namespace docker_sync
