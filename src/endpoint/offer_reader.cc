// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/offer_reader.h"

#include "base/error.h"
#include "image/skeleton.h"
#include "wire/limits.h"

namespace docker_sync {

namespace {

template <typename Value>
Value take_front(std::deque<Value>& values) {
  const Value value = values.front();
  values.pop_front();
  return value;
}

}  // namespace

OfferReader::OfferReader(const SpoolSpace& space, const Basis& basis, OtherImages& others, ArrivedContents& arrived,
                         std::set<Digest> expected, size_t layers_of_image, Outcome outcome)
    : basis_(basis),
      others_(others),
      arrived_(arrived),
      outcome_(std::move(outcome)),
      expected_(std::move(expected)),
      skeletons_(space),
      layer_sizes_(layers_of_image) {}

void OfferReader::run(RecordReader& offers) {
  offers_ = &offers;
  read_shared();
  for (bool more = true; more;) {
    switch (static_cast<OfferTag>(offers.byte())) {
      case OfferTag::layer:
        begin_layer();
        break;
      case OfferTag::known:
        take_known();
        break;
      case OfferTag::block:
        take_block();
        break;
      case OfferTag::end_of_layer:
        end_layer();
        break;
      case OfferTag::plain_layer:
        take_plain_layer();
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
  arrived_.no_more();
}

void OfferReader::read_shared() {
  std::vector<bool> shared;
  for (size_t layer = 0; layer < basis_.diff_ids().size(); ++layer) shared.push_back(offers_->byte() != 0);
  outcome_.shared(std::move(shared));
}

void OfferReader::begin_layer() {
  const Digest diff_id = offers_->digest();
  if (expected_.erase(diff_id) == 0) throw_protocol("a layer that was not asked for");
  if (!layers_.empty() && !layers_.back().offered_whole) throw_protocol("a layer within a layer");
  Layer& layer = layers_.emplace_back();
  layer.rebuild.diff_id = diff_id;
  layer.rebuild.size = offers_->integer();
  outcome_.layer_begun(layer.rebuild.size);
}

void OfferReader::end_layer() {
  skeletons_.flush();
  Layer& layer = open_layer();
  layer.offered_whole = true;
  outcome_.layer(layer.rebuild);
}

void OfferReader::take_plain_layer() {
  begin_layer();
  LayerRebuild& rebuild = open_layer().rebuild;
  cover(open_layer(), rebuild.size);
  const uint64_t number = arrived_.expect_once();
  rebuild.plain = number;
  AskedBlock block;
  block.contents.push_back({blocks_offered_++, 0, rebuild.size, number, {}, {}});
  outcome_.block(std::move(block));
  end_layer();
}

OfferReader::Layer& OfferReader::open_layer() {
  if (layers_.empty() || layers_.back().offered_whole) throw_protocol("entries outside of a layer");
  return layers_.back();
}

void OfferReader::cover(Layer& layer, uint64_t bytes) {
  if (bytes == 0) throw_protocol("an empty part of a layer");
  if (bytes > layer.rebuild.size - layer.covered) throw_protocol("a layer that is larger than it was said to be");
  layer.covered += bytes;
  arrived_.offered(bytes);
}

void OfferReader::take_known() {
  const auto layer = static_cast<uint32_t>(offers_->integer(UINT32_MAX));
  check_place(basis_, {layer, 0, 0});
  const uint64_t first = offers_->integer(), count = offers_->integer();
  if (count == 0 || first > basis_.groups(layer) || count > basis_.groups(layer) - first)
    throw_protocol("a group that is not there");
  const Bytes times = offers_->run(limits::kTimesBytes);

  LayerRebuild::Segment segment{skeletons_.size(), times.size(), layer};
  segment.first_piece = basis_.group_begin(layer, static_cast<size_t>(first));
  const size_t end = basis_.group_begin(layer, static_cast<size_t>(first + count));
  segment.pieces = end - segment.first_piece;
  skeletons_.write(times);
  uint64_t contents = 0;
  for (size_t i = segment.first_piece; i < end; ++i) contents += basis_.contents(layer)[i].size;
  Layer& open = open_layer();
  // Without the gaps, and what has no content counts as a byte: enough to know that it ends.
  cover(open, std::max<uint64_t>(contents, 1));
  open.rebuild.segments.push_back(std::move(segment));
  outcome_.here(contents);
}

void OfferReader::take_block() {
  Layer& layer = open_layer();
  LayerRebuild::Segment segment;
  segment.padded = offers_->byte() != 0;
  const Bytes encoded = offers_->run(limits::kBlockBytes);
  const std::vector<SkeletonEntry> entries = decode_skeleton(encoded, limits::kBlockMemory);
  uint64_t gaps = 0;
  for (const SkeletonEntry& entry : entries) {
    gaps += entry.gap.size();
    if (entry.content_size > 0) cover(layer, entry.content_size);
  }
  cover(layer, gaps);
  segment.spool_offset = skeletons_.size();
  segment.spool_bytes = encoded.size();
  skeletons_.write(encoded);

  Claims claims = read_claims(*offers_, entries, basis_, places_);
  find_here(claims, entries);
  others_.choose(claims.asked);
  AskedBlock block;
  uint64_t index = 0;
  for (const SkeletonEntry& entry : entries) {
    if (entry.content_size == 0) continue;
    Wanted content{blocks_offered_, index, entry.content_size, 0, {}, {}};
    const ContentOrigin origin = find_origin(claims, content, entry, block);
    segment.contents.push_back(origin);
    offered_.push_back({origin, content.size});
    ++index;
  }
  ++blocks_offered_;
  layer.rebuild.segments.push_back(std::move(segment));
  outcome_.block(std::move(block));
}

void OfferReader::find_here(Claims& claims, const std::vector<SkeletonEntry>& entries) {
  auto claim = claims.claims.begin();
  auto asked = claims.asked.begin();
  for (const SkeletonEntry& entry : entries) {
    if (entry.content_size == 0 || *claim++ != Claim::ask) continue;
    asked->here = basis_.find(asked->hash, asked->size);
    if (!asked->here && basis_.may_know_more(content_path(entry.gap), entry.content_size) &&
        basis_.pays_to_look(entry.content_size / kNewPackedTo)) {
      basis_.look_into_kept();
      asked->here = basis_.find(asked->hash, asked->size);
    }
    ++asked;
  }
}

ContentOrigin OfferReader::find_origin(Claims& claims, Wanted& content, const SkeletonEntry& entry, AskedBlock& block) {
  const auto is_here = [&](ContentOrigin origin) {
    outcome_.here(content.size);
    return origin;
  };
  const auto comes_as = [&](std::vector<Wanted>& contents) {
    content.number = arrived_.expect();
    contents.push_back(content);
    return ContentOrigin{ContentOrigin::kArrived, content.number};
  };
  switch (claims.claims.at(static_cast<size_t>(content.index))) {
    case Claim::copy:
      return is_here(take_front(claims.copies));
    case Claim::repeat: {
      const uint64_t distance = take_front(claims.repeats);
      if (distance == 0 || distance > offered_.size()) throw_protocol("a repeat of what was not offered");
      const Offered& before = offered_[static_cast<size_t>(offered_.size() - distance)];
      if (before.size != content.size) throw_protocol("a repeat of another size");
      if (before.origin.file == ContentOrigin::kArrived) arrived_.expect_again(before.origin.position);
      return is_here(before.origin);
    }
    case Claim::travel:
      return comes_as(block.contents);
    case Claim::ask: {
      const AskedContent asked = take_front(claims.asked);
      content.hash = asked.hash;
      if (asked.here) {
        block.asked.emplace_back();
        return is_here({asked.here->layer, asked.here->offset});
      }
      if (asked.elsewhere) {
        block.asked.emplace_back();
        return comes_as(elsewhere_);
      }
      block.asked.emplace_back(block.contents.size());
      content.similar = basis_.find_similar(content_path(entry.gap), content.size);
      return comes_as(block.contents);
    }
  }
  throw_protocol("an unknown claim");
}

}  // namespace docker_sync
