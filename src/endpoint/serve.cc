// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/serve.h"

#include <algorithm>
#include <future>
#include <optional>
#include <thread>

#include "base/log.h"
#include "base/queue.h"
#include "endpoint/destination.h"
#include "endpoint/records.h"
#include "endpoint/relevant.h"
#include "endpoint/source.h"
#include "wire/limits.h"

namespace docker_sync {

namespace {

/// For spools: what the codecs leave of 200 MB at either end.
constexpr size_t kMemoryToSend = size_t{56} << 20, kMemoryToReceive = size_t{112} << 20;

class Server {
 public:
  Server(std::unique_ptr<Channel> channel, const ServeOptions& options)
      : options_(options),
        layer_cache_(folder_in_cache(options.cache_folder, "layers")),
        known_configs_(folder_in_cache(options.cache_folder, "configs")),
        connection_(std::move(channel), "the controller", options.stream_window),
        progress_(connection_) {}

  ~Server() {
    connection_.close();
    if (worker_.joinable()) worker_.join();
  }

  void run() {
    connection_.start({[this](Frame frame) {
                         if (events_.size() >= limits::kControlQueue) throw_protocol("too many questions at once");
                         events_.push(std::move(frame));
                       },
                       [this](const std::optional<Error>& error) {
                         if (error) end_reason_ = *error;
                         events_.end();
                       },
                       {}});
    while (auto frame = events_.pop()) {
      try {
        handle(*frame);
      } catch (const Error& error) {
        if (error.code() == ExitCode::protocol) {
          connection_.abort(error);
          throw;
        }
        connection_.send(Failed{Failure::of(error)});
      }
    }
    if (!destination_ && options_.nothing_to_undo) {
      if (engine_) engine_->end_started(true);
      options_.nothing_to_undo();
    }
    if (worker_.joinable()) worker_.join();
    if (destination_) destination_->roll_back();
    if (end_reason_) throw Error(*end_reason_);
  }

 private:
  void handle(const Frame& frame);
  void greet(const Hello& hello);
  [[nodiscard]] Inventory take_inventory(const Query& query);
  /// Adds images that are asked for by name and have lost blobs, which Docker 26 hides.
  void add_unlisted(std::vector<ImageInfo>& images, const Query& query);
  void cancel(const Cancel& request);
  /// Runs in a thread of its own, so that a CANCEL is heard.
  template <class Request, class Work>
  void work(const Request& request, Work&& answer);

  [[nodiscard]] Engine& engine();
  /// Made by the first who asks. Throws as SpoolSpace does.
  [[nodiscard]] const SpoolSpace& space(size_t memory);
  [[nodiscard]] Destination& destination();

  const ServeOptions& options_;
  Queue<Frame> events_;  ///< a controller waits for answers, so there are few
  std::optional<Error> end_reason_;
  std::unique_ptr<Engine> engine_;
  std::string tmpfolder_;
  std::optional<SpoolSpace> space_;
  const LayerCache layer_cache_;
  const KnownConfigs known_configs_;
  Connection connection_;
  ProgressReporter progress_;
  std::optional<Destination> destination_;
  std::thread worker_;
  uint32_t last_sync_ = 0;
  std::vector<Digest> basis_;  ///< of that sync
};

Engine& Server::engine() {
  if (!engine_) engine_ = options_.open_engine();
  return *engine_;
}

const SpoolSpace& Server::space(size_t memory) {
  if (!space_) space_.emplace(tmpfolder_, memory);
  return *space_;
}

Destination& Server::destination() {
  if (!destination_) {
    destination_.emplace(connection_, engine(), space(kMemoryToReceive), progress_, layer_cache_, known_configs_,
                         Journal(folder_in_cache(options_.cache_folder, options_.journal)));
  }
  return *destination_;
}

void Server::handle(const Frame& frame) {
  if (frame.type != FrameType::cancel && worker_.joinable()) worker_.join();
  switch (frame.type) {
    case FrameType::hello:
      return greet(decode<Hello>(frame));
    case FrameType::query:
      return connection_.send(take_inventory(decode<Query>(frame)));
    case FrameType::send: {
      auto request = decode<Send>(frame);
      basis_ = request.basis;
      return work(request, [this, request] {
        return send_image(connection_, engine(), space(kMemoryToSend), progress_, layer_cache_, known_configs_,
                          request);
      });
    }
    case FrameType::receive: {
      auto request = decode<Receive>(frame);
      basis_ = request.basis;
      return work(request, [this, request] { return destination().receive(request); });
    }
    case FrameType::commit:
      destination().commit(decode<Commit>(frame));
      return connection_.send(Committed{});
    case FrameType::cancel:
      return cancel(decode<Cancel>(frame));
    default:
      throw_protocol("an unexpected " + std::string(name_of(frame.type)));
  }
}

void Server::greet(const Hello& hello) {
  if (hello.version != limits::kProtocolVersion) throw_protocol("another version of the protocol");
  tmpfolder_ = hello.tmpfolder;
  if (hello.progress) progress_.enable();
  connection_.send(Hello{limits::kProtocolVersion, {}, false});
  // While the other end is asked first.
  try {
    (void)engine();
  } catch (const Error&) {
    // Who asks for something will hear it.
  }
}

void Server::add_unlisted(std::vector<ImageInfo>& images, const Query& query) {
  for (const std::string& text : query.names) {
    const Reference name = Reference::parse(text);
    const auto has_name = [&](const ImageInfo& image) {
      return std::find(image.names.begin(), image.names.end(), name) != image.names.end();
    };
    if (std::any_of(images.begin(), images.end(), has_name)) continue;
    auto image = engine().inspect(name.full());
    if (!image || !has_name(*image) || engine().is_whole(image->id)) continue;
    // Other stores list it so: whoever wants it is told what is missing, and nobody builds on it.
    image->identity.diff_ids.clear();
    images.push_back(std::move(*image));
  }
}

Inventory Server::take_inventory(const Query& query) {
  std::vector<ImageInfo> images = engine().list();
  add_unlisted(images, query);
  for (ImageInfo& image : images) {
    // An image that shows no layers is not what it was when its config was learnt.
    Identity& identity = image.identity;
    if (!identity.config && !identity.diff_ids.empty()) identity.config = known_configs_.find(image.id);
  }
  Inventory inventory{engine().description(), {}, 0, {engine().reads_in_place(), asks_sizes(engine().partial_load())}};
  for (const ImageInfo& image : images) inventory.untagged += image.names.empty() ? 1 : 0;
  for (const ImageInfo& image : relevant_images(std::move(images), query)) {
    inventory.images.push_back(ImageRecord::of(image));
  }
  return inventory;
}

void Server::cancel(const Cancel& request) {
  connection_.retire_streams_below(SyncStreams(request.sync).first_of_next(),
                                   Error(ExitCode::interrupted, "cancelled"));
  // The worker answers for itself, with what it had to say before or with the cancellation.
  if (worker_.joinable()) worker_.join();
  if (destination_) destination_->roll_back();
  // An index of either side may have been wrong; made again, it cannot be the reason a second time.
  for (const Digest& layer : basis_) layer_cache_.remove(layer);
  connection_.send(Cancelled{});
}

template <class Request, class Work>
void Server::work(const Request& request, Work&& answer) {
  const uint32_t sync = request.sync;
  if (sync <= last_sync_ || sync > UINT32_MAX / SyncStreams::kPerSync - 1) throw_protocol("a sync out of order");
  last_sync_ = sync;
  worker_ = std::thread([this, last = request.last, answer = std::forward<Work>(answer)] {
    try {
      try {
        connection_.send(answer());
      } catch (const Error& error) {
        connection_.send(Failed{Failure::of(error)});
      } catch (const std::exception& error) {
        connection_.send(Failed{Failure::of(Error(ExitCode::internal, error.what()))});
      }
    } catch (const Error& error) {
      verbose(std::string("no answer could be given: ") + error.what());
    }
    // While the other end still works.
    if (last && engine_) engine_->end_started(false);
  });
}

}  // namespace

void serve(std::unique_ptr<Channel> channel, const ServeOptions& options) { Server(std::move(channel), options).run(); }

}  // namespace docker_sync
