// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/content_sender.h"

#include "delta/rsync.h"
#include "wire/limits.h"

namespace docker_sync {

namespace {

/// Larger contents have a patch of their own.
constexpr uint64_t kLargestBundled = 128 << 10;

}  // namespace

ContentSender::ContentSender(OfferedBlocks& blocks, const Basis& shared, const SpoolFolder& folder,
                             RecordReader& answers, PacedSink& contents)
    : blocks_(blocks), shared_(shared), folder_(folder), answers_(answers), contents_(contents) {}

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
    if (answer > Answer::inflated_signature) throw_protocol("an unknown answer");
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

void ContentSender::send(const Name& name, const OfferedBlock& block, const OfferedContent& content, Answer answer) {
  const Slice bytes(*block.layer, content.offset, content.size);
  if (answer == Answer::have) return;
  if (answer != Answer::none) return send_delta(name, bytes, answer == Answer::inflated_signature);
  if (content.similar) return send_like_old(bytes, *content.similar);
  send_data(bytes);
}

void ContentSender::send_data(const Slice& bytes) {
  const NewForm form(bytes, may_inflate(), folder_);
  form.put_head(contents_, Method::data);
  copy(form.bytes(), contents_);
}

void ContentSender::send_delta(const Name& name, const Slice& bytes, bool of_inflated) {
  const Bytes signature = answers_.run(limits::kSignatureBytes);
  const NewForm form(bytes, of_inflated, folder_);
  // Nothing of a content as it is lies in an inflated one.
  if (form.is_inflated() != of_inflated) return send_data(bytes);
  SequentialReader reader(form.bytes());
  const std::vector<DeltaPart> parts = find_delta(signature, reader);
  std::vector<DeltaHole> holes;
  if (!of_inflated) holes = find_holes(parts, block_bytes_of(signature));
  form.put_head(contents_, holes.empty() ? Method::rsync : Method::draft);
  RunSink delta(contents_, limits::kDeltaRunBytes);
  put_delta(parts, holes, form.bytes(), delta);
  delta.end();
  if (!holes.empty()) drafts_.emplace(name, std::move(holes));
}

void ContentSender::send_like_old(const Slice& bytes, const BasisFile& old_place) {
  NewForm new_form(bytes, may_inflate(), folder_);
  OldForm old_form(shared_, old_place, new_form.is_inflated(), folder_);
  const bool small = std::max(new_form.bytes().size(), old_form.bytes().size()) <= kLargestBundled;
  new_form.put_head(contents_, small ? Method::bundled : Method::patch);
  places_.put(contents_, old_place);
  small ? add_to_bundle(std::move(new_form), std::move(old_form)) : send_patch(old_form.bytes(), new_form.bytes());
}

void ContentSender::add_to_bundle(NewForm new_form, OldForm old_form) {
  if (!bundle_) bundle_.emplace();
  bundle_->size.add(old_form.bytes().size(), new_form.bytes().size());
  bundle_->old_forms.push_back(std::move(old_form));
  bundle_->new_forms.push_back(std::move(new_form));
  if (bundle_->size.full()) end_bundle();
}

void ContentSender::end_bundle() {
  Concatenation old_bytes, new_bytes;
  for (const OldForm& form : bundle_->old_forms) old_bytes.add(form.bytes());
  for (const NewForm& form : bundle_->new_forms) new_bytes.add(form.bytes());
  send_patch(old_bytes, new_bytes);
  bundle_.reset();
}

void ContentSender::send_patch(const RandomAccess& old_bytes, const RandomAccess& new_bytes) {
  const Pace::PatchWork work = contents_.patch_work();
  RunSink patch(contents_, limits::kDeltaRunBytes);
  make_patch(old_bytes, new_bytes, work.level, work.strong ? PatchEffort::strong : PatchEffort::fast, patch);
  patch.end();
}

}  // namespace docker_sync
