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
    send_block(*block);
    // The destination may need this before it can say more.
    if (block->asked > 0 || !blocks_.has(number + 1)) contents_.flush();
  }
  if (next_tag() != AnswerTag::end) throw_protocol("answers to what did not ask");
}

void ContentSender::send_block(const OfferedBlock& block) {
  const std::vector<Answer> answers = read_answers(block);
  size_t asked = 0;
  for (const OfferedContent& content : block.contents) {
    if (content.claim == Claim::travel) send(block, content, Answer::none);
    if (content.claim == Claim::ask) send(block, content, answers[asked++]);
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
    if (tag != AnswerTag::again) return tag;
    send_again();
  }
}

void ContentSender::send_again() {
  const OfferedBlock& block = blocks_.at(answers_.integer());
  const uint64_t index = answers_.integer();
  if (index >= block.contents.size()) throw_protocol("a content that was not offered");
  const OfferedContent& content = block.contents[static_cast<size_t>(index)];
  copy(Slice(*block.layer, content.offset, content.size), contents_);
  contents_.flush();
}

void ContentSender::send(const OfferedBlock& block, const OfferedContent& content, Answer answer) {
  const Slice bytes(*block.layer, content.offset, content.size);
  if (answer == Answer::have) return;
  if (answer == Answer::signature) {
    const Bytes signature = answers_.run(limits::kSignatureBytes);
    put_tag(contents_, Method::rsync);
    SequentialReader reader(bytes);
    RunSink delta(contents_, limits::kDeltaRunBytes);
    make_delta(signature, reader, delta);
    delta.end();
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
