// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/offerer.h"

#include <utility>

#include "image/skeleton.h"
#include "wire/limits.h"

namespace docker_sync {

namespace {

// The first blocks that ask are small: what becomes of their signatures tells the destination how many more to send.
constexpr uint64_t kFirstAsked = 1 << 20, kMostAsked = 8 << 20;
constexpr uint64_t kMostUnasked = 32 << 20;

}  // namespace

Offerer::Offerer(ZstdSink& offers, const Basis& shared, OfferedBlocks& blocks)
    : offers_(offers),
      shared_(shared),
      blocks_(blocks),
      known_(shared.diff_ids().size()),
      all_shared_(shared.has_all()),
      most_block_contents_(all_shared_ ? kMostUnasked : kFirstAsked) {}

void Offerer::tell_shared_layers() {
  for (uint32_t layer = 0; layer < shared_.diff_ids().size(); ++layer) {
    put_tag(offers_, static_cast<uint8_t>(shared_.has(layer)));
  }
}

void Offerer::read_groups(RecordReader& answers) {
  for (uint32_t layer = 0; layer < shared_.diff_ids().size(); ++layer) {
    if (shared_.has(layer)) {
      known_.set(layer, shared_.group_names(layer));
      continue;
    }
    std::vector<ShortHash> names(static_cast<size_t>(answers.integer(limits::kGroups)));
    for (ShortHash& name : names) name = answers.fixed64();
    known_.set(layer, std::move(names));
  }
}

void Offerer::begin_layer(const Digest& diff_id, const RandomAccess& tar) {
  put_tag(offers_, OfferTag::layer);
  offers_.write(diff_id.bytes);
  put_integer(offers_, tar.size());
  layer_ = &tar;
  size_before_group_ = 0;
  times_ = {};
}

void Offerer::add_group(LayerGroup group) {
  const uint64_t last_size = group.entries.back().content_size;
  const GroupPlace next{run_.layer, run_.group + static_cast<uint32_t>(run_groups_)};
  if (const auto place = known_.find(group.name, next)) {
    end_block();
    add_to_run(*place, group);
  } else {
    end_run();
    add_to_block(group);
  }
  size_before_group_ = last_size;
}

void Offerer::end_layer() {
  end_run();
  end_block();
  put_tag(offers_, OfferTag::end_of_layer);
}

void Offerer::add_plain_layer(const Digest& diff_id, const RandomAccess& tar) {
  put_tag(offers_, OfferTag::plain_layer);
  offers_.write(diff_id.bytes);
  put_integer(offers_, tar.size());
  blocks_.push({&tar, {{0, tar.size(), Claim::travel, std::nullopt, true}}, 0});
  offers_.flush();
}

void Offerer::add_to_run(GroupPlace place, LayerGroup& group) {
  const bool goes_on =
      run_groups_ > 0 && place == GroupPlace{run_.layer, run_.group + static_cast<uint32_t>(run_groups_)};
  if (!goes_on || run_pieces_ + group.entries.size() > limits::kBlockEntries) {
    end_run();
    run_ = place;
  }
  ++run_groups_;
  run_pieces_ += group.entries.size();
  for (LayerEntry& entry : group.entries) {
    for (const uint64_t time : take_times(entry.gap)) times_.put(time);
  }
}

void Offerer::end_run() {
  if (run_groups_ == 0) return;
  put_tag(offers_, OfferTag::known);
  put_integer(offers_, run_.layer);
  put_integer(offers_, run_.group);
  put_integer(offers_, run_groups_);
  put_run(offers_, times_.take());
  run_.group += static_cast<uint32_t>(run_groups_);
  run_groups_ = run_pieces_ = 0;
}

void Offerer::add_to_block(LayerGroup& group) {
  uint64_t size_before = size_before_group_;
  for (LayerEntry& entry : group.entries) {
    if (block_.empty()) {
      // A block begins behind the padding, so that it is the same wherever it stands.
      Bytes& gap = entry.gap;
      const auto own = without_padding(gap, size_before);
      block_padded_ = own.has_value();
      if (own) gap.erase(gap.begin(), gap.end() - static_cast<std::ptrdiff_t>(own->size()));
    }
    size_before = entry.content_size;
    block_gaps_ += entry.gap.size();
    block_contents_ += entry.content_size;
    block_.push_back(std::move(entry));
    // Smaller than need be: the answers to a block come at once, and its contents wait for them.
    if (block_.size() >= limits::kBlockEntries / 4 || block_gaps_ >= limits::kBlockGapBytes / 2 ||
        block_contents_ >= most_block_contents_ || block_.back().is_unread()) {
      most_block_contents_ = std::min(2 * most_block_contents_, all_shared_ ? kMostUnasked : kMostAsked);
      end_block();
    }
  }
}

void Offerer::end_block() {
  if (block_.empty()) return;
  OfferedBlock offered{layer_, {}, 0};
  std::vector<SkeletonEntry> skeleton;
  for (LayerEntry& entry : block_) skeleton.push_back({std::move(entry.gap), entry.content_size});
  put_tag(offers_, OfferTag::block);
  put_tag(offers_, static_cast<uint8_t>(block_padded_));
  put_run(offers_, encode_skeleton(skeleton));
  put_claims(offered);
  block_.clear();
  block_gaps_ = 0;
  block_contents_ = 0;
  // Before it is sent for good: the answer may be here before we are back.
  blocks_.push(std::move(offered));
  offers_.flush();
}

void Offerer::put_claims(OfferedBlock& offered) {
  MemorySink copies, repeats, asks;
  for (const LayerEntry& entry : block_) {
    if (entry.content_size == 0) continue;
    OfferedContent content{entry.content_offset, entry.content_size, Claim::travel, std::nullopt};
    if (const auto before = find_offered(entry)) {
      content.claim = Claim::repeat;
      put_integer(repeats, contents_ - *before);
    } else if (const auto same = find_shared(entry)) {
      content.claim = Claim::copy;
      places_.put(copies, *same);
    } else {
      content.similar = shared_.find_similar(entry.path, entry.content_size);
      if (!all_shared_) {
        content.claim = Claim::ask;
        put_fixed64(asks, short_hash(entry.hash));
        ++offered.asked;
      }
    }
    put_tag(offers_, content.claim);
    offered.contents.push_back(content);
    ++contents_;
  }
  for (MemorySink* part : {&copies, &repeats, &asks}) offers_.write(part->bytes());
}

std::optional<uint64_t> Offerer::find_offered(const LayerEntry& entry) {
  ContentHash hash = entry.hash;
  if (entry.is_unread()) {
    const auto hash_of = [&](const Unread& content) {
      ContentHasher hasher;
      copy(Slice(*content.layer, content.offset, entry.content_size), hasher);
      return hasher.finish();
    };
    const Unread content{layer_, entry.content_offset, contents_};
    const auto [first, is_first] = unread_.try_emplace(entry.content_size, content);
    if (is_first) return std::nullopt;
    if (const auto unread = std::exchange(first->second, std::nullopt)) {
      offered_.try_emplace(hash_of(*unread), unread->number);
    }
    hash = hash_of(content);
  }
  const auto [before, is_new] = offered_.try_emplace(hash, contents_);
  return is_new ? std::nullopt : std::optional(before->second);
}

std::optional<BasisFile> Offerer::find_shared(const LayerEntry& entry) {
  const auto same = shared_.find(entry.hash, entry.content_size);
  if (same || !shared_.may_know_more(entry.path, entry.content_size)) return same;
  // Who is asked knows it as well.
  if (!shared_.pays_to_look(all_shared_ ? entry.content_size / kNewPackedTo : sizeof(ShortHash))) return std::nullopt;
  shared_.look_into_kept();
  return shared_.find(entry.hash, entry.content_size);
}

}  // namespace docker_sync
