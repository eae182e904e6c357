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

template <typename Value>
Value take_front(std::deque<Value>& values) {
  const Value value = values.front();
  values.pop_front();
  return value;
}

/// Tells a budget of what comes.
class BudgetedSource : public Source {
 public:
  BudgetedSource(Source& below, SignatureBudget& budget) : below_(&below), budget_(&budget) {}
  [[nodiscard]] size_t read(MutableBytes out) override {
    const size_t count = below_->read(out);
    budget_->received(count);
    return count;
  }

 private:
  Source* below_;
  SignatureBudget* budget_;
};

}  // namespace

Receiver::Receiver(Connection& connection, const SyncStreams& streams, const SpoolFolder& folder, Basis& basis,
                   OtherImages& others, const LayerCache& cache, std::set<Digest> expected, size_t layers_of_image,
                   ProgressReporter& progress, std::function<void(const LayerRebuild&)> on_layer)
    : connection_(connection),
      streams_(streams),
      folder_(folder),
      basis_(basis),
      others_(others),
      cache_(cache),
      progress_(progress),
      on_layer_(std::move(on_layer)),
      expected_(std::move(expected)),
      skeletons_(folder),
      arrived_(folder),
      layer_sizes_(layers_of_image),
      layers_expected_(expected_.size()) {}

std::unique_ptr<Source> Receiver::open(const LayerRebuild& layer) {
  return std::make_unique<LayerSource>(layer, skeletons_, basis_, arrived_, cache_);
}

void Receiver::close(const Error& error) {
  wanted_.close(error);
  unfinished_.close(error);
  budget_.close(error);
}

void Receiver::answer() {
  const auto reader = connection_.open_reader(streams_.offers);
  ZstdSource plain(*reader);
  RecordReader offers(plain);
  auto writer = connection_.open_writer(streams_.answers);
  ZstdSink answers(writer, kAnswerLevel);

  basis_.wait();
  read_shared(offers);
  put_groups(answers);
  answers.flush();
  for (bool more = true; more;) {
    switch (static_cast<OfferTag>(offers.byte())) {
      case OfferTag::layer:
        begin_layer(offers);
        break;
      case OfferTag::known:
        take_known(offers);
        break;
      case OfferTag::block:
        take_block(offers, answers);
        answers.flush();
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
  }
  if (!expected_.empty()) throw_protocol("not all layers were offered");
  if (layers_expected_ == 0) unfinished_.end();
  if (!elsewhere_.empty()) read_other_images();
  while (auto unfinished = unfinished_.pop()) {
    ask_further(answers, std::move(*unfinished));
    answers.flush();
  }
  put_tag(answers, AnswerTag::end);
  answers.finish();
  writer.end();
  wanted_.end();
}

void Receiver::read_shared(RecordReader& offers) {
  for (size_t layer = 0; layer < basis_.diff_ids().size(); ++layer) shared_.push_back(offers.byte() != 0);
}

void Receiver::put_groups(Sink& answers) const {
  // Of more groups than may be told, those of the layers to prefer.
  std::vector<size_t> told(shared_.size());
  size_t left = limits::kGroups;
  for (size_t layer = told.size(); layer-- > 0;) {
    if (shared_[layer]) continue;
    told[layer] = std::min(left, basis_.groups(static_cast<uint32_t>(layer)));
    left -= told[layer];
  }
  for (size_t layer = 0; layer < told.size(); ++layer) {
    if (shared_[layer]) continue;
    put_integer(answers, told[layer]);
    const std::vector<ShortHash>& names = basis_.group_names(static_cast<uint32_t>(layer));
    for (size_t i = 0; i < told[layer]; ++i) put_fixed64(answers, names[i]);
  }
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

Receiver::Layer& Receiver::open_layer() {
  const std::lock_guard lock(mutex_);
  if (layers_.empty() || layers_.back().offered_whole) throw_protocol("entries outside of a layer");
  return layers_.back();  // Only this thread adds layers, and they never move.
}

void Receiver::cover(Layer& layer, uint64_t bytes) {
  if (bytes == 0) throw_protocol("an empty part of a layer");
  if (bytes > layer.rebuild.size - layer.covered) throw_protocol("a layer that is larger than it was said to be");
  layer.covered += bytes;
}

void Receiver::take_known(RecordReader& offers) {
  const auto layer = static_cast<uint32_t>(offers.integer(UINT32_MAX));
  check_place(basis_, {layer, 0, 0});
  const uint64_t first = offers.integer(), count = offers.integer();
  if (count == 0 || first > basis_.groups(layer) || count > basis_.groups(layer) - first)
    throw_protocol("a group that is not there");
  const Bytes times = offers.run(limits::kTimesBytes);

  LayerRebuild::Segment segment{skeletons_.size(), times.size(), layer};
  segment.first_piece = basis_.group_begin(layer, static_cast<size_t>(first));
  const size_t end = basis_.group_begin(layer, static_cast<size_t>(first + count));
  segment.pieces = end - segment.first_piece;
  skeletons_.write(times);
  uint64_t contents = 0;
  for (size_t i = segment.first_piece; i < end; ++i) contents += basis_.contents(layer)[i].size;
  bytes_arrived_ += contents;
  Layer& open = open_layer();
  // Without the gaps, and what has no content counts as a byte: enough to know that it ends.
  cover(open, std::max<uint64_t>(contents, 1));
  open.rebuild.segments.push_back(std::move(segment));
}

void Receiver::take_block(RecordReader& offers, Sink& answers) {
  Layer& layer = open_layer();
  LayerRebuild::Segment block;
  block.padded = offers.byte() != 0;
  const Bytes encoded = offers.run(limits::kBlockBytes);
  const std::vector<SkeletonEntry> entries = decode_skeleton(encoded, limits::kBlockMemory);
  uint64_t gaps = 0;
  for (const SkeletonEntry& entry : entries) {
    gaps += entry.gap.size();
    if (entry.content_size > 0) cover(layer, entry.content_size);
  }
  cover(layer, gaps);
  block.spool_offset = skeletons_.size();
  block.spool_bytes = encoded.size();
  skeletons_.write(encoded);

  Claims claims = read_claims(offers, entries);
  WantedBlock wanted;
  std::vector<Answer> given;
  const size_t elsewhere_before = elsewhere_.size();
  uint64_t index = 0;
  for (const SkeletonEntry& entry : entries) {
    if (entry.content_size == 0) continue;
    Wanted content{layers_.size() - 1, blocks_offered_, index, entry.content_size, 0, {}, {}};
    std::optional<ContentOrigin> origin = find_origin(claims, content, entry, given);
    if (origin) {
      bytes_arrived_ += content.size;
    } else {
      content.number = arrived_.expect();
      origin = {ContentOrigin::kArrived, content.number};
      (content.elsewhere ? elsewhere_ : wanted.contents).push_back(content);
    }
    block.contents.push_back(*origin);
    offered_.push_back({*origin, content.size});
    ++index;
  }
  ++blocks_offered_;
  layer.rebuild.segments.push_back(std::move(block));
  {
    const std::lock_guard lock(mutex_);
    layer.missing += wanted.contents.size() + elsewhere_.size() - elsewhere_before;
  }
  answer(std::move(wanted), given, answers);
}

Receiver::Claims Receiver::read_claims(RecordReader& offers, const std::vector<SkeletonEntry>& entries) {
  Claims claims;
  std::vector<uint64_t> copied;
  size_t repeats = 0;
  for (const SkeletonEntry& entry : entries) {
    if (entry.content_size == 0) continue;
    const auto claim = static_cast<Claim>(offers.byte());
    claims.claims.push_back(claim);
    if (claim == Claim::copy) copied.push_back(entry.content_size);
    repeats += claim == Claim::repeat;
    if (claim == Claim::ask) claims.asked.push_back({0, entry.content_size, false});
  }
  for (const uint64_t size : copied) {
    const BasisFile place = places_.get(offers);
    check_place(basis_, place);
    if (place.size != size) throw_protocol("a copy of another size");
    claims.copies.push_back({place.layer, place.offset});
  }
  for (size_t i = 0; i < repeats; ++i) claims.repeats.push_back(offers.integer());
  for (AskedContent& asked : claims.asked) asked.hash = offers.fixed64();
  others_.choose(claims.asked);
  return claims;
}

std::optional<ContentOrigin> Receiver::find_origin(Claims& claims, Wanted& content, const SkeletonEntry& entry,
                                                   std::vector<Answer>& given) {
  switch (claims.claims.at(static_cast<size_t>(content.index))) {
    case Claim::copy:
      return take_front(claims.copies);
    case Claim::repeat: {
      const uint64_t distance = take_front(claims.repeats);
      if (distance == 0 || distance > offered_.size()) throw_protocol("a repeat of what was not offered");
      const Offered& before = offered_[static_cast<size_t>(offered_.size() - distance)];
      if (before.size != content.size) throw_protocol("a repeat of another size");
      return before.origin;
    }
    case Claim::travel:
      return std::nullopt;
    case Claim::ask: {
      const AskedContent asked = take_front(claims.asked);
      content.hash = asked.hash;
      content.elsewhere = asked.elsewhere;
      if (const auto same = basis_.index().find(*content.hash, content.size)) {
        given.push_back(Answer::have);
        return ContentOrigin{same->layer, same->offset};
      }
      given.push_back(content.elsewhere ? Answer::have : choose_signature(content, entry));
      return std::nullopt;
    }
  }
  throw_protocol("an unknown claim");
}

Answer Receiver::choose_signature(Wanted& content, const SkeletonEntry& entry) {
  const auto similar = basis_.index().find_similar(content_path(entry.gap), content.size);
  // The source has what is in a shared layer: it needs no signature to send a patch.
  if (!similar || shared_.at(similar->layer)) return Answer::none;
  const OldForm form = OldForm::best(basis_, *similar, folder_);
  const uint64_t old_size = form.bytes().size(), new_size = form.likely_size(content.size);
  if (!signature_pays(old_size, new_size)) return Answer::none;
  if (!budget_.take(signature_size(old_size, signature_shape(old_size, new_size)), new_size)) return Answer::none;
  content.similar = similar;
  content.signed_form = form.kind();
  return answer_with(form.kind());
}

void Receiver::answer(WantedBlock wanted, const std::vector<Answer>& given, Sink& answers) {
  if (given.empty()) {
    if (!wanted.contents.empty()) wanted_.push(std::move(wanted));
    return;
  }
  // The order of answers is the order of contents; expect them before the source can know.
  while (auto unfinished = unfinished_.try_pop()) ask_further(answers, std::move(*unfinished));
  wanted_.push(wanted);
  put_tag(answers, AnswerTag::answers);
  for (const Answer answer : given) put_tag(answers, answer);
  for (const Wanted& one : wanted.contents) {
    if (!one.similar) continue;
    const OldForm form(basis_, *one.similar, one.signed_form, folder_);
    put_run(answers, make_signature(form.bytes(), signature_shape(form.bytes().size(), form.likely_size(one.size))));
  }
  budget_.sent();
}

void Receiver::end_layer() {
  skeletons_.flush();
  const std::lock_guard lock(mutex_);
  if (layers_.empty() || layers_.back().offered_whole) throw_protocol("the end of no layer");
  layers_.back().offered_whole = true;
  pass_on_complete_layers();
}

void Receiver::ask_further(Sink& answers, Unfinished unfinished) {
  const Draft* draft = unfinished.draft.get();
  put_tag(answers, draft != nullptr ? AnswerTag::refine : AnswerTag::again);
  put_integer(answers, unfinished.wanted.block);
  put_integer(answers, unfinished.wanted.index);
  if (draft != nullptr) {
    const RandomAccess& basis = draft->basis_of_holes();
    put_run(answers, make_signature(basis, refined_shape(basis.size(), draft->holes())));
  }
  wanted_.push({{unfinished.wanted}, true, std::move(unfinished.draft)});
}

void Receiver::read_other_images() {
  auto contents = others_.read([this] { unfinished_.throw_if_closed(); });
  // Nothing of it comes, so it may stand anywhere among what does.
  wanted_.push({std::move(elsewhere_), false, nullptr, std::move(contents)});
}

void Receiver::collect() {
  basis_.wait();
  const auto reader = connection_.open_reader(streams_.contents);
  BudgetedSource counted(*reader, budget_);
  ZstdSource plain(counted);
  RecordReader contents(plain);
  Collector collector(
      contents, folder_, basis_, arrived_,
      {[this](const Wanted& wanted) { content_arrived(wanted); },
       [this](Unfinished unfinished) { unfinished_.push(std::move(unfinished)); },
       [this](const Wanted& wanted, uint64_t bytes) { budget_.settle(wanted.size, bytes); },
       [this](uint64_t written) { progress_.report(Stage::sending, bytes_arrived_ + written, bytes_offered_); }});
  while (const auto block = wanted_.pop()) collector.collect(*block);
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
  if (passed_on_ == layers_expected_) unfinished_.end();
}

}  // namespace docker_sync
