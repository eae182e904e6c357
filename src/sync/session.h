// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The controller's side of two endpoints: what to ask of each, and one image carried from source to destination. The
// endpoints' streams are relayed between them without being looked at, so it makes no difference which of them is
// this program and which a helper far away.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/queue.h"
#include "sync/plan.h"
#include "wire/connection.h"

namespace docker_sync {

/// One endpoint to be.
struct Side {
  std::unique_ptr<Channel> channel;
  std::string host;       ///< for messages
  std::string tmpfolder;  ///< where its spools go; empty: its own choice
};

struct EndpointImages {
  std::string engine;
  std::vector<ImageInfo> images;
  uint64_t untagged = 0;
  EngineTraits traits;
};

/// How a transfer is made.
struct TransferOptions {
  int level = 0;  ///< zstd level of contents; 0: what the link leaves time for
  LayerReader reader{};
  bool sizes = false;       ///< the destination's EngineTraits::asks_sizes
  LinkRate link;            ///< as it was before
  bool needs_fast = false;  ///< SlowLink where it no longer is
  bool last = false;        ///< no other image is to follow
};

/// A transfer was given up, since the link is slower than what it was planned for.
class SlowLink : public Error {
 public:
  SlowLink() : Error(ExitCode::connection, "the link is slower than it was") {}
};

struct Transferred {
  std::string image_id;      ///< at the destination, not yet named
  uint64_t layer_bytes = 0;  ///< of the layers that travelled, as tars
};

/// Where the time of a run went, in the program and at its two ends.
struct RunTimes {
  StageTimes controller, source, destination;
};

class Session {
 public:
  /// `progress`: the ends are to tell how far they are, for on_progress.
  Session(Side source, Side destination, bool progress);
  ~Session();

  std::function<void(const Progress&)> on_progress;

  /// What each endpoint holds: one question to each at the same time.
  struct Both {
    EndpointImages source, destination;
  };
  [[nodiscard]] Both inventories();
  [[nodiscard]] EndpointImages source_images(const Query& query);
  [[nodiscard]] EndpointImages destination_images(const Query& query);

  /// Brings the image to the destination, without its name. On failure the destination is as it was, and the session
  /// can go on, unless the error is one of connection or protocol; after SlowLink it can.
  [[nodiscard]] Transferred transfer(const ImagePlan& plan, const TransferOptions& options);

  /// Names it there. `transferred`: by transfer(); else an image that was there before.
  void commit(const std::string& image_id, const std::vector<Reference>& names, bool transferred);

  [[nodiscard]] const std::string& source_host() const { return ends_[source]->label(); }

  /// Bytes that went to that end and came from it so far. Any thread.
  [[nodiscard]] Channel::Traffic source_traffic() const { return ends_[source]->traffic(); }
  [[nodiscard]] Channel::Traffic destination_traffic() const { return ends_[destination]->traffic(); }

  /// The way from the source to the destination, as the last transfer that was told of it has found it.
  [[nodiscard]] const LinkRate& link() const { return link_; }

  [[nodiscard]] RunTimes& times() { return times_; }

  /// Ends both connections; whoever waits here gets ExitCode::interrupted. Any thread.
  void interrupt() noexcept;

 private:
  enum Which { source = 0, destination = 1 };
  struct Event {
    Which from;
    std::optional<Frame> frame;  ///< nothing: its connection ended
    std::optional<Error> error;
  };

  void attach(Which which, Connection& other);
  template <class Answer>
  [[nodiscard]] Answer await(Which which);
  [[nodiscard]] Frame await(Which which, FrameType type);
  [[nodiscard]] Event next_event();
  void cancel(uint32_t sync);
  [[nodiscard]] static EndpointImages to_images(const Inventory& inventory);
  [[nodiscard]] Error named(Error error, Which which) const;

  Queue<Event> events_;  ///< answers, of which there is one per question, and a few progress frames a second
  std::array<std::unique_ptr<Connection>, 2> ends_;
  uint32_t syncs_ = 0;
  RunTimes times_;
  LinkRate link_;
  std::atomic<bool> interrupted_ = false;
};

}  // namespace docker_sync
