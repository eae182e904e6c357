// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/source.h"

#include <deque>
#include <map>
#include <mutex>

#include "base/compression.h"
#include "base/queue.h"
#include "base/task_group.h"
#include "delta/codec.h"
#include "delta/rsync.h"
#include "endpoint/records.h"
#include "engine/saved_layers.h"
#include "image/layer_split.h"
#include "image/skeleton.h"
#include "wire/limits.h"

namespace docker_sync {

namespace {

/// Skeletons are small next to the contents, and every byte of them is always sent.
constexpr int kSkeletonLevel = 12;

struct OpenLayer {
  Digest diff_id;
  std::unique_ptr<Spool> tar;
};

struct ContentPlace {
  uint64_t offset = 0, size = 0;
};

/// The contents that one offered block spoke of, in its order.
struct OfferedBlock {
  const Spool* layer = nullptr;
  std::vector<ContentPlace> contents;
};

void put_tag(Sink& sink, auto tag) {
  const auto byte = static_cast<uint8_t>(tag);
  sink.write({&byte, 1});
}

ContentHash hash_slice(const RandomAccess& file, uint64_t offset, uint64_t size) {
  ContentHasher hasher;
  copy(Slice(file, offset, size), hasher);
  return hasher.finish();
}

class ImageSender {
 public:
  ImageSender(Connection& connection, Engine& engine, const SpoolFolder& folder, ProgressReporter& progress,
              const Send& request)
      : connection_(connection),
        engine_(engine),
        folder_(folder),
        progress_(progress),
        request_(request),
        streams_(request.sync) {}

  void run() {
    TaskGroup tasks([this](const Error& error) {
      opened_.close(error);
      connection_.retire_streams_below(streams_.first_of_next(), error);
    });
    tasks.run([this] { open_layers(); });
    tasks.run([this] { offer_layers(); });
    tasks.run_here([this] { send_contents(); });
    tasks.wait();
    connection_.retire_streams_below(streams_.first_of_next(), Error(ExitCode::internal, "this sync is over"));
  }

 private:
  void open_layers();
  void offer_layers();
  void offer_layer(Sink& offers, const OpenLayer& layer);
  void offer_block(Sink& offers, const Spool& layer, std::vector<Piece>& pieces);
  void send_contents();
  void answer_block(RecordReader& answers, Sink& contents, const OfferedBlock& block);
  [[nodiscard]] const OfferedBlock& block(uint64_t number);

  Connection& connection_;
  Engine& engine_;
  const SpoolFolder& folder_;
  ProgressReporter& progress_;
  const Send& request_;
  const SyncStreams streams_;

  Queue<OpenLayer> opened_;           ///< at most the layers to send, in spools
  Bytes config_;                      ///< set before opened_ ends
  std::map<Digest, uint64_t> sizes_;  ///< of the archive's files; likewise
  std::deque<OpenLayer> offered_;     ///< kept open until all is sent
  std::mutex mutex_;                  ///< guards blocks_; its elements never move nor change
  std::deque<OfferedBlock> blocks_;
};

void ImageSender::open_layers() {
  SavedLayers wanted;
  wanted.layers = {request_.layers.begin(), request_.layers.end()};
  wanted.config = request_.config;
  wanted.on_layer = [this](const Digest& diff_id, std::unique_ptr<Spool> tar) {
    opened_.push({diff_id, std::move(tar)});
  };
  wanted.on_config = [this](Bytes config) { config_ = std::move(config); };
  wanted.on_file = [this](const Digest& digest, uint64_t size) { sizes_[digest] = size; };
  wanted.on_progress = [this](uint64_t bytes) {
    opened_.throw_if_closed();
    progress_.report(Stage::reading, bytes, 0);
  };
  read_saved_layers(engine_, {request_.image_id}, folder_, wanted);
  opened_.end();
}

void ImageSender::offer_layers() {
  auto writer = connection_.open_writer(streams_.offers);
  ZstdSink offers(writer, kSkeletonLevel);
  while (auto layer = opened_.pop()) {
    offer_layer(offers, offered_.emplace_back(std::move(*layer)));
    offers.flush();
  }
  put_tag(offers, OfferTag::config);
  put_run(offers, config_);
  for (const Digest& layer : request_.diff_ids) put_integer(offers, sizes_.contains(layer) ? sizes_.at(layer) : 0);
  put_tag(offers, OfferTag::end);
  offers.finish();
  writer.end();
}

void ImageSender::offer_layer(Sink& offers, const OpenLayer& layer) {
  put_tag(offers, OfferTag::layer);
  offers.write(layer.diff_id.bytes);
  put_integer(offers, layer.tar->size());

  std::vector<Piece> pieces;
  size_t gap_bytes = 0;
  split_layer(*layer.tar, [&](Piece&& piece) {
    gap_bytes += piece.gap.size();
    progress_.report(Stage::comparing, piece.content_offset, layer.tar->size(), layer.diff_id);
    pieces.push_back(std::move(piece));
    if (pieces.size() == limits::kBlockEntries || gap_bytes >= limits::kBlockGapBytes / 2) {
      offer_block(offers, *layer.tar, pieces);
      gap_bytes = 0;
    }
  });
  if (!pieces.empty()) offer_block(offers, *layer.tar, pieces);
  put_tag(offers, OfferTag::end_of_layer);
}

void ImageSender::offer_block(Sink& offers, const Spool& layer, std::vector<Piece>& pieces) {
  std::vector<SkeletonEntry> entries;
  OfferedBlock offered{&layer, {}};
  std::vector<ContentHash> hashes;
  for (Piece& piece : pieces) {
    if (piece.content_size > 0) {
      offered.contents.push_back({piece.content_offset, piece.content_size});
      hashes.push_back(hash_slice(layer, piece.content_offset, piece.content_size));
    }
    entries.push_back({std::move(piece.gap), piece.content_size});
  }
  pieces.clear();
  {
    // Before it is sent: the answer may be here before we are back.
    const std::lock_guard lock(mutex_);
    blocks_.push_back(std::move(offered));
  }
  put_tag(offers, OfferTag::block);
  put_run(offers, encode_skeleton(entries));
  for (const ContentHash& hash : hashes) offers.write(hash.bytes);
}

const OfferedBlock& ImageSender::block(uint64_t number) {
  const std::lock_guard lock(mutex_);
  if (number >= blocks_.size()) throw_protocol("an answer to what was not offered");
  return blocks_[static_cast<size_t>(number)];
}

void ImageSender::send_contents() {
  const auto reader = connection_.open_reader(streams_.answers);
  ZstdSource plain(*reader);
  RecordReader answers(plain);
  auto writer = connection_.open_writer(streams_.contents);
  ZstdSink contents(writer, request_.level);

  for (uint64_t answered = 0;;) {
    switch (static_cast<AnswerTag>(answers.byte())) {
      case AnswerTag::answers:
        answer_block(answers, contents, block(answered++));
        break;
      case AnswerTag::again: {
        const OfferedBlock& of = block(answers.integer());
        const uint64_t index = answers.integer();
        if (index >= of.contents.size()) throw_protocol("a content that was not offered");
        const ContentPlace& place = of.contents[static_cast<size_t>(index)];
        copy(Slice(*of.layer, place.offset, place.size), contents);
        break;
      }
      case AnswerTag::end:
        contents.finish();
        writer.end();
        return;
      default:
        throw_protocol("an unknown answer");
    }
    // The destination may need this before it can say more.
    contents.flush();
  }
}

void ImageSender::answer_block(RecordReader& answers, Sink& contents, const OfferedBlock& offered) {
  std::vector<Codec> codecs(offered.contents.size());
  for (Codec& codec : codecs) codec = static_cast<Codec>(answers.byte());
  for (size_t i = 0; i < codecs.size(); ++i) {
    const ContentPlace& place = offered.contents[i];
    const Slice content(*offered.layer, place.offset, place.size);
    switch (codecs[i]) {
      case Codec::have:
        break;
      case Codec::data:
        copy(content, contents);
        break;
      case Codec::rsync: {
        const Bytes signature = answers.run(limits::kSignatureBytes);
        SequentialReader reader(content);
        RunSink delta(contents, limits::kDeltaRunBytes);
        make_delta(signature, reader, delta);
        delta.end();
        break;
      }
      default:
        throw_protocol("an unknown codec");
    }
  }
}

}  // namespace

void send_image(Connection& connection, Engine& engine, const SpoolFolder& folder, ProgressReporter& progress,
                const Send& request) {
  ImageSender(connection, engine, folder, progress, request).run();
}

}  // namespace docker_sync
