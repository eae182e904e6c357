// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/source.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <set>

#include "base/bounded_queue.h"
#include "base/compression.h"
#include "base/task_group.h"
#include "endpoint/basis_reader.h"
#include "endpoint/content_sender.h"
#include "endpoint/offerer.h"
#include "engine/layer_reading.h"

namespace docker_sync {

namespace {

/// Skeletons are small next to the contents, and every byte of them is always sent.
constexpr int kSkeletonLevel = 12, kSkeletonTableLog = 20;

struct OpenLayer {
  Digest diff_id;
  std::unique_ptr<RandomAccess> tar;
  uint64_t size;
  bool plain;  ///< travels as it is
};

std::set<Digest> basis_in_image(const Send& request) {
  std::set<Digest> layers(request.diff_ids.begin(), request.diff_ids.end());
  for (const Digest& layer : request.layers) layers.erase(layer);
  std::erase_if(layers, [&](const Digest& layer) {
    return std::find(request.basis.begin(), request.basis.end(), layer) == request.basis.end();
  });
  return layers;
}

/// A group of an open layer; nothing behind its last one, and for a plain layer.
struct SplitPart {
  const OpenLayer* layer;
  std::optional<LayerGroup> group;
};

/// Bytes of gaps that are split ahead of what is offered, most of what groups hold: of some 25,000 files, so that the
/// image is split while the destination still reads its basis.
constexpr size_t kSplitAhead = 24 << 20;
/// A content of that size is worth not to be read before it is sent.
constexpr uint64_t kSentUnread = 8 << 20;

class ImageSender {
 public:
  ImageSender(Connection& connection, Engine& engine, const SpoolSpace& space, ProgressReporter& progress,
              const LayerCache& cache, const KnownConfigs& known_configs, const Send& request)
      : connection_(connection),
        engine_(engine),
        space_(space),
        progress_(progress),
        known_configs_(known_configs),
        request_(request),
        streams_(request.sync),
        own_basis_(basis_in_image(request)),
        shared_(request.basis, own_basis_, cache, times_, request.link.bytes_per_second) {
    for (const Digest& layer : request.basis) {
      if (!own_basis_.contains(layer)) other_basis_.insert(layer);
    }
  }

  Sent run() {
    try {
      send();
    } catch (const Error&) {
      if (!gave_up_) throw;
    }
    return {request_.sync, told(times_), link_, gave_up_};
  }

 private:
  void send() {
    TaskGroup tasks([this](const Error& error) {
      shared_.close(error);
      close(error);
    });
    tasks.run([this] { open_image(); });
    tasks.run([this] { open_other_basis(); });
    tasks.run([this] { split_image(); });
    tasks.run_here([this] { talk(); });
    tasks.wait();
    connection_.retire_streams_below(streams_.first_of_next(), Error(ExitCode::internal, "this sync is over"));
  }
  void close(const Error& error) {
    opened_.close(error);
    parts_.close(error);
    blocks_.close(error);
    connection_.retire_streams_below(streams_.first_of_next(), error);
  }
  void open_image();
  void open_other_basis();
  void basis_part_is_open();
  void split_image();
  void talk();
  void offer(Offerer& offerer, ZstdSink& offers);

  Connection& connection_;
  Engine& engine_;
  const SpoolSpace& space_;
  ProgressReporter& progress_;
  StageTimes times_;
  const KnownConfigs& known_configs_;
  const Send& request_;
  const SyncStreams streams_;

  const std::set<Digest> own_basis_;  ///< layers of the basis that the image itself has
  std::set<Digest> other_basis_;      ///< those that other images may have
  Basis shared_;
  std::atomic<int> basis_parts_left_ = 2;

  Queue<OpenLayer> opened_;           ///< at most the layers to send, in spools
  Bytes config_;                      ///< set before opened_ ends
  std::map<Digest, uint64_t> sizes_;  ///< of the tars of layers that are not offered; likewise
  std::deque<OpenLayer> split_;       ///< kept open until all is sent
  BoundedQueue<SplitPart> parts_{kSplitAhead};
  OfferedBlocks blocks_;
  LinkRate link_;
  bool gave_up_ = false;
};

void ImageSender::basis_part_is_open() {
  if (--basis_parts_left_ == 0) shared_.seal();
}

void ImageSender::open_image() {
  if (own_basis_.empty()) basis_part_is_open();
  const InStage stage(times_, "read the image");
  std::set<Digest> awaited = own_basis_;
  WantedLayers wanted;
  wanted.layers = {request_.layers.begin(), request_.layers.end()};
  wanted.layers.insert(own_basis_.begin(), own_basis_.end());
  wanted.config = request_.config;
  if (!wanted.config) wanted.config_of = request_.diff_ids;
  const auto take = [&](const Digest& diff_id, std::unique_ptr<RandomAccess> tar, bool plain) {
    if (awaited.erase(diff_id) == 0) {
      const uint64_t size = tar->size();
      return opened_.push({diff_id, std::move(tar), size, plain});
    }
    shared_.add(shared_.number_of(diff_id), std::move(tar));
    if (awaited.empty()) basis_part_is_open();
  };
  wanted.on_layer = [&](const Digest& diff_id, std::unique_ptr<RandomAccess> tar) {
    take(diff_id, std::move(tar), false);
  };
  // Its files could be compared with each other alone, and before all of them are known the engine cannot begin.
  const bool plain = request_.basis.empty() && request_.link.bytes_per_second >= kFastLink;
  wanted.coming_pass = plain;
  wanted.on_coming = [&, plain](const Digest& diff_id, std::unique_ptr<RandomAccess> tar) {
    take(diff_id, std::move(tar), plain);
  };
  wanted.on_config = [this](Bytes config) {
    config_ = std::move(config);
    if (!request_.config) known_configs_.store(request_.image_id, Digest::of(config_));
  };
  if (request_.sizes) wanted.sizes = {request_.diff_ids.begin(), request_.diff_ids.end()};
  for (const Digest& layer : request_.layers) wanted.sizes.erase(layer);
  wanted.on_size = [this](const Digest& digest, uint64_t size) { sizes_[digest] = size; };
  wanted.on_progress = [this](uint64_t bytes) {
    opened_.throw_if_closed();
    progress_.report(Stage::reading, bytes, 0);
  };
  wanted.while_they_come = request_.diff_ids;
  ImageInfo image;
  image.id = request_.image_id;
  image.identity.config = request_.config;
  image.identity.diff_ids = request_.diff_ids;
  read_layers(engine_, {image}, space_, request_.reader, wanted);
  opened_.end();
}

void ImageSender::open_other_basis() {
  if (!other_basis_.empty()) {
    const InStage stage(times_, "read the basis");
    BasisReading reading;
    reading.layers = other_basis_;
    reading.images = images_holding(engine_.list(), reading.layers);
    reading.on_progress = [this](uint64_t, uint64_t) { opened_.throw_if_closed(); };
    read_basis(engine_, space_, request_.reader, reading, shared_);
  }
  basis_part_is_open();
}

void ImageSender::split_image() {
  // Without a basis there is nothing that a content could be, but what was offered before: the Offerer finds that out.
  const uint64_t unread_from = request_.basis.empty() ? kSentUnread : UINT64_MAX;
  while (auto layer = opened_.pop()) {
    const OpenLayer& open = split_.emplace_back(std::move(*layer));
    if (open.plain) {
      parts_.push({&open, std::nullopt}, 0);
      continue;
    }
    const InStage stage(times_, "split", open.size);
    const auto put = [&](std::optional<LayerGroup> group, size_t weight) {
      const InStage waiting(times_, "wait to offer");
      parts_.push({&open, std::move(group)}, weight);
    };
    const auto tell = [&](uint64_t done) { progress_.report(Stage::comparing, done, open.size, open.diff_id); };
    split_into_groups(*open.tar, unread_from, tell, [&](LayerGroup&& group) {
      const size_t weight = group.gap_bytes;
      put(std::move(group), weight);
    });
    put(std::nullopt, 0);
  }
  parts_.end();
}

void ImageSender::talk() {
  shared_.wait();
  auto offers_end = connection_.open_writer(streams_.offers);
  ZstdSink offers(offers_end, kSkeletonLevel, kSkeletonTableLog);
  const auto answers_end = connection_.open_reader(streams_.answers);
  ZstdSource plain_answers(*answers_end);
  RecordReader answers(plain_answers);
  auto contents_end = connection_.open_writer(streams_.contents);
  PacedSink contents(contents_end, request_.level == 0 ? std::nullopt : std::optional<int>(request_.level),
                     {request_.link, request_.needs_fast});

  Offerer offerer(offers, shared_, blocks_);
  offerer.tell_shared_layers();
  offers.flush();
  offerer.read_groups(answers);

  TaskGroup tasks([this](const Error& error) { close(error); });
  tasks.run([&] {
    offer(offerer, offers);
    offers.finish();
    offers_end.end();
    blocks_.end();
  });
  tasks.run_here([&] {
    try {
      ContentSender(blocks_, shared_, space_, times_, answers, contents).run();
      contents.finish();
    } catch (const Error&) {
      gave_up_ = contents.gave_up();
      if (gave_up_) link_ = contents.link();
      throw;
    }
    link_ = contents.link();
    contents.tell(times_);
    contents_end.end();
  });
  tasks.wait();
}

void ImageSender::offer(Offerer& offerer, ZstdSink& offers) {
  const OpenLayer* layer = nullptr;
  while (auto part = parts_.pop()) {
    const InStage stage(times_, "offer");
    if (part->layer->plain) {
      offerer.add_plain_layer(part->layer->diff_id, *part->layer->tar);
      continue;
    }
    if (part->layer != layer) {
      layer = part->layer;
      offerer.begin_layer(layer->diff_id, *layer->tar);
    }
    if (part->group) {
      offerer.add_group(std::move(*part->group));
    } else {
      offerer.end_layer();
      offers.flush();
    }
  }
  put_tag(offers, OfferTag::config);
  put_run(offers, config_);
  for (const OpenLayer& open : split_) sizes_[open.diff_id] = open.size;
  for (const Digest& kept : own_basis_) {
    // Not the first choice: to ask a layer may be to read all of it.
    if (request_.sizes && !sizes_.contains(kept)) sizes_[kept] = shared_.size(shared_.number_of(kept));
  }
  for (const Digest& diff_id : request_.diff_ids) {
    put_integer(offers, sizes_.contains(diff_id) ? sizes_.at(diff_id) : 0);
  }
  put_tag(offers, OfferTag::end);
}

}  // namespace

Sent send_image(Connection& connection, Engine& engine, const SpoolSpace& space, ProgressReporter& progress,
                const LayerCache& cache, const KnownConfigs& known_configs, const Send& request) {
  return ImageSender(connection, engine, space, progress, cache, known_configs, request).run();
}

}  // namespace docker_sync
