// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What the control frames carry. Each message lists its fields once, in the order of the wire. Payloads are compressed
// when that makes them smaller. docs/protocol.md says who sends which when.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/stage_times.h"
#include "image/image_info.h"
#include "image/layer_reader.h"
#include "wire/codec.h"
#include "wire/frame.h"

namespace docker_sync {

/// An Error on its way through the wire: ABORT and FAILED.
struct Failure {
  ExitCode code{};
  std::string host, failure, remedy;

  [[nodiscard]] static Failure of(const Error& error);
  [[nodiscard]] Error to_error() const;
  static void fields(auto& m, auto& f) { f(m.code, m.host, m.failure, m.remedy); }
};

/// The controller's first word to an endpoint.
struct Hello {
  static constexpr FrameType kType = FrameType::hello;
  uint32_t version = 0;
  std::string tmpfolder;  ///< where spools go; empty: the endpoint's own choice
  bool progress = false;  ///< somebody looks at it
  static void fields(auto& m, auto& f) { f(m.version, m.tmpfolder, m.progress); }
};

/// ImageInfo on the wire: names as text.
struct ImageRecord {
  std::string id;
  std::vector<std::string> names;
  std::optional<Digest> config;
  std::vector<Digest> diff_ids;
  std::string fingerprint, created;
  uint64_t size = 0;

  [[nodiscard]] static ImageRecord of(const ImageInfo& image);
  [[nodiscard]] ImageInfo to_image() const;
  static void fields(auto& m, auto& f) { f(m.id, m.names, m.config, m.diff_ids, m.fingerprint, m.created, m.size); }
};

struct Chain {
  std::vector<Digest> diff_ids;
  static void fields(auto& m, auto& f) { f(m.diff_ids); }
};

/// Everything, or only what matters for some images: those of that name or repository, the one that shares the longest
/// chain prefix, and those that hold one of the layers.
struct Query {
  static constexpr FrameType kType = FrameType::query;
  bool everything = false;
  std::vector<std::string> names;
  std::vector<Chain> chains;
  static void fields(auto& m, auto& f) { f(m.everything, m.names, m.chains); }
};

/// What is to be known of an endpoint's engine beyond its images.
struct EngineTraits {
  bool reads_in_place = false;  ///< layers in the engine's store, probably
  bool asks_sizes = false;      ///< of the layers that an archive for it leaves out
  static void fields(auto& m, auto& f) { f(m.reads_in_place, m.asks_sizes); }
};

struct Inventory {
  static constexpr FrameType kType = FrameType::inventory;
  std::string engine;  ///< for people: "Docker 20.10.24 (overlay2)"
  std::vector<ImageRecord> images;
  uint64_t untagged = 0;  ///< of all images of the endpoint, not only of these
  EngineTraits traits;
  static void fields(auto& m, auto& f) { f(m.engine, m.images, m.untagged, m.traits); }
};

/// How fast the way from the source to the destination is, as far as it was measured.
struct LinkRate {
  uint64_t bytes_per_second = 0;  ///< 0: not known
  bool saturated = false;         ///< that is all that it takes, not just the least
  static void fields(auto& m, auto& f) { f(m.bytes_per_second, m.saturated); }
};

struct Send {
  static constexpr FrameType kType = FrameType::send;
  uint32_t sync = 0;  ///< number of this transfer in the connection; its streams are sync * kStreamsPerSync + n
  std::string image_id;
  std::optional<Digest> config;
  std::vector<Digest> diff_ids;  ///< of the image
  std::vector<Digest> layers;    ///< those that travel, by diff_id
  std::vector<Digest> basis;     ///< layers that the destination builds on, those to prefer last
  uint8_t level = 0;             ///< zstd level of the contents; 0: what the link leaves time for
  LayerReader reader{};
  bool sizes = false;       ///< to be told, of the layers that do not travel
  LinkRate link;            ///< as it was before
  bool needs_fast = false;  ///< to be given up where the link turns out to be slow (wire/pace.h)
  bool last = false;        ///< no other sync is to follow: what is started for this one may end with it
  static void fields(auto& m, auto& f) {
    f(m.sync, m.image_id, m.config, m.diff_ids, m.layers, m.basis, m.level, m.reader, m.sizes, m.link, m.needs_fast,
      m.last);
  }
};

/// How long an endpoint was in a stage of its work: StageTimes on the wire.
struct StageTime {
  std::string stage;
  uint64_t microseconds = 0, bytes = 0;
  static void fields(auto& m, auto& f) { f(m.stage, m.microseconds, m.bytes); }
};
[[nodiscard]] std::vector<StageTime> told(const StageTimes& times);

struct Sent {
  static constexpr FrameType kType = FrameType::sent;
  uint32_t sync = 0;
  std::vector<StageTime> stages;
  LinkRate link;         ///< as it was now
  bool gave_up = false;  ///< nothing more is sent: the link is slow
  static void fields(auto& m, auto& f) { f(m.sync, m.stages, m.link, m.gave_up); }
};

/// How the destination comes to a layer of the new image.
enum class LayerOrigin : uint8_t {
  present = 0,  ///< part of a chain-ID prefix that its engine has: left out of the archive
  local = 1,    ///< in another chain of its engine: taken from the basis, does not travel
  travels = 2,  ///< rebuilt from the streams
};

struct PlannedLayer {
  Digest diff_id;
  LayerOrigin origin{};
  static void fields(auto& m, auto& f) { f(m.diff_id, m.origin); }
};

struct Receive {
  static constexpr FrameType kType = FrameType::receive;
  uint32_t sync = 0;
  std::optional<Digest> config;
  std::string fingerprint;
  std::vector<PlannedLayer> layers;       ///< of the image, base first
  std::vector<Digest> basis;              ///< layers to build on, those to prefer last
  std::vector<std::string> basis_images;  ///< engine IDs of the images that hold them
  LayerReader reader{};
  LinkRate link;      ///< as it was before
  bool last = false;  ///< as in Send

  [[nodiscard]] std::set<Digest> layers_from(LayerOrigin origin) const;
  static void fields(auto& m, auto& f) {
    f(m.sync, m.config, m.fingerprint, m.layers, m.basis, m.basis_images, m.reader, m.link, m.last);
  }
};

struct Ready {
  static constexpr FrameType kType = FrameType::ready;
  uint32_t sync = 0;
  std::string image_id;
  uint64_t layer_bytes = 0;  ///< of the layers that travelled, as tars
  std::vector<StageTime> stages;
  static void fields(auto& m, auto& f) { f(m.sync, m.image_id, m.layer_bytes, m.stages); }
};

struct Commit {
  static constexpr FrameType kType = FrameType::commit;
  uint32_t sync = 0;  ///< 0: an image that was there before
  std::string image_id;
  std::vector<std::string> names;
  static void fields(auto& m, auto& f) { f(m.sync, m.image_id, m.names); }
};

struct Committed {
  static constexpr FrameType kType = FrameType::committed;
  static void fields(auto&, auto&) {}
};

struct Cancel {
  static constexpr FrameType kType = FrameType::cancel;
  uint32_t sync = 0;
  static void fields(auto& m, auto& f) { f(m.sync); }
};

struct Cancelled {
  static constexpr FrameType kType = FrameType::cancelled;
  static void fields(auto&, auto&) {}
};

struct Failed {
  static constexpr FrameType kType = FrameType::failed;
  Failure failure;
  static void fields(auto& m, auto& f) { f(m.failure); }
};

/// Stages of a sync that a user waits for.
enum class Stage : uint8_t {
  reading = 0,    ///< the source's engine gives out the image
  indexing = 1,   ///< the destination reads its basis
  comparing = 2,  ///< the source has offered this much of the layers
  sending = 3,    ///< the destination has this much of the layers' contents
  loading = 4,    ///< the destination's engine has taken this much of the layers
};

struct Progress {
  static constexpr FrameType kType = FrameType::progress;
  Stage stage{};
  uint64_t done = 0, total = 0;  ///< bytes; total 0: not known yet
  std::optional<Digest> layer;   ///< the one at work
  static void fields(auto& m, auto& f) { f(m.stage, m.done, m.total, m.layer); }
};

/// Payload bytes: a flag byte, then the fields, compressed if that is shorter.
[[nodiscard]] Bytes pack(Encoder&& encoder);
[[nodiscard]] Bytes unpack(ByteView payload);

template <class Message>
[[nodiscard]] Frame encode(const Message& message) {
  Encoder encoder;
  encoder.put(message);
  return {Message::kType, pack(std::move(encoder))};
}

/// Throws ExitCode::protocol if the payload is not that message. REQUIRES: frame.type == Message::kType.
template <class Message>
[[nodiscard]] Message decode(const Frame& frame) {
  const Bytes fields = unpack(frame.payload);
  Decoder decoder{ByteView(fields)};
  Message message;
  decoder.get(message);
  decoder.finish();
  return message;
}

}  // namespace docker_sync
