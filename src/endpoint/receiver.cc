// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/receiver.h"

#include "base/compression.h"
#include "base/error.h"
#include "delta/rsync.h"
#include "image/skeleton.h"
#include "wire/limits.h"

namespace docker_sync {

namespace {

constexpr int kAnswerLevel = 3;

/// Hashes what goes into a spool, and tells how much that is.
class HashedSpool : public Sink {
 public:
  HashedSpool(Spool& spool, std::function<void(uint64_t)> tell) : spool_(&spool), tell_(std::move(tell)) {}
  void write(ByteView bytes) override {
    hasher_.write(bytes);
    spool_->write(bytes);
    written_ += bytes.size();
    tell_(written_);
  }
  [[nodiscard]] ContentHash finish() { return hasher_.finish(); }

 private:
  Spool* spool_;
  std::function<void(uint64_t)> tell_;
  ContentHasher hasher_;
  uint64_t written_ = 0;
};

void put_tag(Sink& sink, AnswerTag tag) {
  const auto byte = static_cast<uint8_t>(tag);
  sink.write({&byte, 1});
}

}  // namespace

Receiver::Receiver(Connection& connection, const SyncStreams& streams, const SpoolFolder& folder, Basis& basis,
                   std::set<Digest> expected, size_t layers_of_image, ProgressReporter& progress,
                   std::function<void(const LayerRebuild&)> on_layer)
    : connection_(connection),
      streams_(streams),
      basis_(basis),
      progress_(progress),
      on_layer_(std::move(on_layer)),
      expected_(std::move(expected)),
      skeletons_(folder),
      arrived_(folder),
      layer_sizes_(layers_of_image),
      layers_expected_(expected_.size()) {}

std::unique_ptr<Source> Receiver::open(const LayerRebuild& layer) {
  return std::make_unique<LayerSource>(layer, skeletons_, basis_, arrived_);
}

void Receiver::close(const Error& error) {
  wanted_.close(error);
  damaged_.close(error);
}

void Receiver::answer() {
  const auto reader = connection_.open_reader(streams_.offers);
  ZstdSource plain(*reader);
  RecordReader offers(plain);
  auto writer = connection_.open_writer(streams_.answers);
  ZstdSink answers(writer, kAnswerLevel);

  for (bool more = true; more;) {
    switch (static_cast<OfferTag>(offers.byte())) {
      case OfferTag::layer:
        begin_layer(offers);
        break;
      case OfferTag::block:
        answer_block(offers, answers);
        break;
      case OfferTag::end_of_layer:
        end_layer();
        break;
      case OfferTag::config:
        config_ = offers.run(limits::kConfigBytes);
        for (uint64_t& size : layer_sizes_) size = offers.integer();
        break;
      case OfferTag::end:
        more = false;
        break;
      default:
        throw_protocol("an unknown offer");
    }
    while (const auto again = damaged_.try_pop()) ask_again(answers, *again);
    answers.flush();
  }
  if (!expected_.empty()) throw_protocol("not all layers were offered");
  if (layers_expected_ == 0) damaged_.end();
  while (const auto again = damaged_.pop()) {
    ask_again(answers, *again);
    answers.flush();
  }
  put_tag(answers, AnswerTag::end);
  answers.finish();
  writer.end();
  wanted_.end();
}

void Receiver::begin_layer(RecordReader& offers) {
  const Digest diff_id = offers.digest();
  if (expected_.erase(diff_id) == 0) throw_protocol("a layer that was not asked for");
  const std::lock_guard lock(mutex_);
  if (!layers_.empty() && !layers_.back().offered_whole) throw_protocol("a layer within a layer");
  Layer& layer = layers_.emplace_back();
  layer.rebuild.diff_id = diff_id;
  layer.rebuild.size = offers.integer();
  bytes_offered_ += layer.rebuild.size;
}

void Receiver::answer_block(RecordReader& offers, Sink& answers) {
  const Bytes encoded = offers.run(limits::kBlockBytes);
  const std::vector<SkeletonEntry> entries = decode_skeleton(encoded, limits::kBlockMemory);
  const BasisIndex& index = basis_.index();
  {
    const std::lock_guard lock(mutex_);
    if (layers_.empty() || layers_.back().offered_whole) throw_protocol("a block outside of a layer");
  }
  Layer& layer = layers_.back();  // Only this thread adds layers, and they never move.

  LayerRebuild::Block block{skeletons_.size(), encoded.size(), {}};
  skeletons_.write(encoded);
  Bytes codecs;
  std::vector<Wanted> wanted;
  Wanted offered{layers_.size() - 1, blocks_offered_++, 0};
  for (const SkeletonEntry& entry : entries) {
    if (entry.content_size == 0) continue;
    offers.read(offered.hash.bytes);
    offered.size = entry.content_size;
    if (const auto origin = held(offered.hash, offered.size)) {
      codecs.push_back(static_cast<uint8_t>(Codec::have));
      block.contents.push_back(*origin);
      bytes_arrived_ += offered.size;
    } else {
      const auto similar = index.find_similar(content_path(entry.gap), offered.size);
      offered.codec = choose_codec(offered.size, similar);
      offered.similar = similar.value_or(BasisFile{});
      offered.number = arrived_.expect();
      asked_for_.emplace(offered.hash, Asked{offered.number, offered.size});
      codecs.push_back(static_cast<uint8_t>(offered.codec));
      block.contents.push_back({ContentOrigin::kArrived, offered.number});
      wanted.push_back(offered);
    }
    ++offered.index;
  }
  layer.rebuild.blocks.push_back(std::move(block));
  {
    const std::lock_guard lock(mutex_);
    layer.missing += wanted.size();
  }
  // The order of answers is the order of contents; expect them before the source can know.
  for (const Wanted& one : wanted) wanted_.push(one);
  put_answers(answers, codecs, wanted);
}

std::optional<ContentOrigin> Receiver::held(const ContentHash& hash, uint64_t size) const {
  if (const auto found = basis_.index().find(hash, size)) return ContentOrigin{found->layer, found->offset};
  // Asked for already, in this layer or one before: it need not come twice.
  const auto asked = asked_for_.find(hash);
  if (asked == asked_for_.end() || asked->second.size != size) return std::nullopt;
  return ContentOrigin{ContentOrigin::kArrived, asked->second.number};
}

void Receiver::put_answers(Sink& answers, ByteView codecs, const std::vector<Wanted>& wanted) const {
  put_tag(answers, AnswerTag::answers);
  answers.write(codecs);
  for (const Wanted& one : wanted) {
    if (one.codec != Codec::rsync) continue;
    const Slice basis(basis_.layer(one.similar.layer), one.similar.offset, one.similar.size);
    put_run(answers, make_signature(basis, signature_shape(one.similar.size, one.size)));
  }
}

void Receiver::end_layer() {
  skeletons_.flush();
  const std::lock_guard lock(mutex_);
  if (layers_.empty() || layers_.back().offered_whole) throw_protocol("the end of no layer");
  layers_.back().offered_whole = true;
  pass_on_complete_layers();
}

void Receiver::ask_again(Sink& answers, Wanted again) {
  put_tag(answers, AnswerTag::again);
  put_integer(answers, again.block);
  put_integer(answers, again.index);
  again.codec = Codec::data;
  wanted_.push(again);
}

void Receiver::collect() {
  const auto reader = connection_.open_reader(streams_.contents);
  ZstdSource plain(*reader);
  RecordReader contents(plain);
  while (const auto wanted = wanted_.pop()) collect_one(contents, *wanted);
}

void Receiver::collect_one(RecordReader& contents, const Wanted& wanted) {
  Spool& spool = arrived_.spool();
  const uint64_t offset = spool.size();
  HashedSpool sink(
      spool, [this](uint64_t written) { progress_.report(Stage::sending, bytes_arrived_ + written, bytes_offered_); });
  bool whole = true;
  if (wanted.codec == Codec::data) {
    contents.copy_to(sink, wanted.size);
  } else {
    const Slice basis(basis_.layer(wanted.similar.layer), wanted.similar.offset, wanted.similar.size);
    RunSource delta(contents, limits::kDeltaRunBytes);
    try {
      apply_delta(basis, delta, sink, wanted.size);
    } catch (const Error& error) {
      // A short sum that matched by chance may even change the length. A source that only pretends is caught by the
      // hash of what it then sends as data.
      if (error.code() != ExitCode::protocol) throw;
      whole = false;
    }
    delta.drain();
  }
  if (sink.finish() == wanted.hash && whole) {
    arrived_.arrived(wanted.number, offset);
    content_arrived(wanted);
  } else if (wanted.codec == Codec::data) {
    throw Error(ExitCode::verification, "a file of the image arrived with another hash than it was offered with",
                "try again; the source's disk or memory may be damaged");
  } else {
    damaged_.push(wanted);
  }
}

void Receiver::content_arrived(const Wanted& wanted) {
  bytes_arrived_ += wanted.size;
  const std::lock_guard lock(mutex_);
  Layer& layer = layers_.at(wanted.layer);
  // Whoever sees that nothing is missing may read: only this thread can flush what it wrote.
  if (layer.missing == 1) arrived_.spool().flush();
  --layer.missing;
  pass_on_complete_layers();
}

void Receiver::pass_on_complete_layers() {
  // In order: a layer may refer to contents that came for one before it.
  while (passed_on_ < layers_.size() && layers_[passed_on_].offered_whole && layers_[passed_on_].missing == 0) {
    on_layer_(layers_[passed_on_++].rebuild);
  }
  if (passed_on_ == layers_expected_) damaged_.end();
}

}  // namespace docker_sync
