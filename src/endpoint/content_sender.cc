// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/content_sender.h"

#include "delta/rsync.h"
#include "wire/limits.h"

namespace docker_sync {

namespace {

/// Larger contents have a patch of their own.
constexpr uint64_t kLargestBundled = 128 << 10;
/// From here on all three ways to make a patch leave time for each other.
constexpr int kStrongLevel = 7;

}  // namespace

ContentSender::ContentSender(OfferedBlocks& blocks, const Basis& shared, RecordReader& answers, ZstdSink& contents,
                             int level)
    : blocks_(blocks),
      shared_(shared),
      answers_(answers),
      contents_(contents),
      level_(level),
      effort_(level >= kStrongLevel ? PatchEffort::strong : PatchEffort::fast) {}

void ContentSender::run() {
  for (uint64_t number = 0; const OfferedBlock* block = blocks_.wait_for(number); ++number) {
    send_block(number, *block);
    // The destination may need this before it can say more.
    if (block->asked > 0 || !blocks_.has(number + 1)) contents_.flush();
  }
  if (next_tag() != AnswerTag::end) throw_protocol("answers to what did not ask");
}

void ContentSender::send_block(uint64_t number, const OfferedBlock& block) {
  const std::vector<Answer> answers = read_answers(block);
  size_t asked = 0;
  for (Name name{number, 0}; name.index < block.contents.size(); ++name.index) {
    const OfferedContent& content = block.contents[static_cast<size_t>(name.index)];
    if (content.claim == Claim::travel) send(name, block, content, Answer::none);
    if (content.claim == Claim::ask) send(name, block, content, answers[asked++]);
  }
  if (bundle_) end_bundle();
}

std::vector<Answer> ContentSender::read_answers(const OfferedBlock& block) {
  std::vector<Answer> answers(block.asked);
  if (block.asked == 0) return answers;
  if (next_tag() != AnswerTag::answers) throw_protocol("too few answers");
  for (Answer& answer : answers) {
    answer = static_cast<Answer>(answers_.byte());
    if (answer > Answer::signature) throw_protocol("an unknown answer");
  }
  return answers;
}

AnswerTag ContentSender::next_tag() {
  while (true) {
    const auto tag = static_cast<AnswerTag>(answers_.byte());
    if (tag == AnswerTag::again) {
      send_again();
    } else if (tag == AnswerTag::refine) {
      send_refined();
    } else {
      return tag;
    }
    contents_.flush();
  }
}

ContentSender::Name ContentSender::read_name() {
  const Name name{answers_.integer(), answers_.integer()};
  if (name.index >= blocks_.at(name.block).contents.size()) throw_protocol("a content that was not offered");
  return name;
}

void ContentSender::send_again() {
  const Name name = read_name();
  const OfferedBlock& block = blocks_.at(name.block);
  const OfferedContent& content = block.contents[static_cast<size_t>(name.index)];
  copy(Slice(*block.layer, content.offset, content.size), contents_);
}

void ContentSender::send_refined() {
  const Name name = read_name();
  const Bytes signature = answers_.run(limits::kSignatureBytes);
  const auto draft = drafts_.find(name);
  if (draft == drafts_.end()) throw_protocol("a question about no draft");
  const OfferedBlock& block = blocks_.at(name.block);
  const OfferedContent& content = block.contents[static_cast<size_t>(name.index)];
  Concatenation holes;
  for (const DeltaHole& hole : draft->second) holes.add(*block.layer, content.offset + hole.new_offset, hole.new_size);
  drafts_.erase(draft);
  SequentialReader reader(holes);
  RunSink delta(contents_, limits::kDeltaRunBytes);
  put_delta(find_delta(signature, reader), {}, holes, delta);
  delta.end();
}

void ContentSender::send_delta(const Name& name, const Slice& bytes) {
  const Bytes signature = answers_.run(limits::kSignatureBytes);
  SequentialReader reader(bytes);
  const std::vector<DeltaPart> parts = find_delta(signature, reader);
  std::vector<DeltaHole> holes = find_holes(parts, block_bytes_of(signature));
  put_tag(contents_, holes.empty() ? Method::rsync : Method::draft);
  RunSink delta(contents_, limits::kDeltaRunBytes);
  put_delta(parts, holes, bytes, delta);
  delta.end();
  if (!holes.empty()) drafts_.emplace(name, std::move(holes));
}

void ContentSender::send(const Name& name, const OfferedBlock& block, const OfferedContent& content, Answer answer) {
  const Slice bytes(*block.layer, content.offset, content.size);
  if (answer == Answer::have) return;
  if (answer == Answer::signature) {
    send_delta(name, bytes);
  } else if (!content.similar) {
    put_tag(contents_, Method::data);
    copy(bytes, contents_);
  } else if (content.size <= kLargestBundled && content.similar->size <= kLargestBundled) {
    send_bundled(bytes, block, content);
  } else {
    send_patched(bytes, content);
  }
}

void ContentSender::send_bundled(const Slice& bytes, const OfferedBlock& block, const OfferedContent& content) {
  put_tag(contents_, Method::bundled);
  places_.put(contents_, *content.similar);
  if (!bundle_) bundle_.emplace();
  bundle_->old_bytes.add(shared_.tar(content.similar->layer), content.similar->offset, content.similar->size);
  bundle_->new_bytes.add(*block.layer, content.offset, content.size);
  bundle_->size.add(content.similar->size, bytes.size());
  if (bundle_->size.full()) end_bundle();
}

void ContentSender::end_bundle() {
  RunSink patch(contents_, limits::kDeltaRunBytes);
  make_patch(bundle_->old_bytes, bundle_->new_bytes, level_, effort_, patch);
  patch.end();
  bundle_.reset();
}

void ContentSender::send_patched(const Slice& bytes, const OfferedContent& content) {
  put_tag(contents_, Method::patch);
  places_.put(contents_, *content.similar);
  RunSink patch(contents_, limits::kDeltaRunBytes);
  make_patch(Slice(shared_.tar(content.similar->layer), content.similar->offset, content.similar->size), bytes, level_,
             effort_, patch);
  patch.end();
}

}  // namespace docker_sync
