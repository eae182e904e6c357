// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/content_sender.h"

#include "base/concatenation.h"
#include "delta/delta_search.h"
#include "wire/limits.h"

namespace docker_sync {

namespace {

/// Larger contents have a patch of their own.
constexpr uint64_t kLargestBundled = 128 << 10;
/// Larger ones are not worked on side by side, for the memory that takes.
constexpr uint64_t kLargestAhead = 3 << 20;
/// Bytes of contents that may wait to be worked on: enough for two threads.
constexpr uint64_t kMostWaiting = 8 << 20;

}  // namespace

ContentSender::ContentSender(OfferedBlocks& blocks, const Basis& shared, const SpoolSpace& space, StageTimes& times,
                             RecordReader& answers, PacedSink& contents)
    : blocks_(blocks), shared_(shared), space_(space), times_(times), answers_(answers), contents_(contents) {}

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
    if (content.claim == Claim::travel) add_content(name, block, content, Answer::none);
    if (content.claim == Claim::ask) add_content(name, block, content, answers[asked++]);
    work_off(kMostWaiting);
  }
  if (bundle_) end_bundle();
  work_off(0);
}

void ContentSender::work_off(uint64_t most_waiting) {
  while (work_.size() > 0 && (waiting_ > most_waiting || most_waiting == 0)) {
    work_.pop_into(contents_);
    waiting_ -= weights_.front();
    weights_.pop_front();
  }
}

void ContentSender::add(WorkAhead::Task task, uint64_t bytes, uint64_t weight) {
  work_.push(
      [this, work = std::move(task), bytes](Sink& sink) {
        const InStage stage(times_, "encode", bytes);
        work(sink);
      },
      weight <= kLargestAhead);
  weights_.push_back(weight);
  waiting_ += weight;
}

std::vector<Answer> ContentSender::read_answers(const OfferedBlock& block) {
  std::vector<Answer> answers(block.asked);
  if (block.asked == 0) return answers;
  if (next_tag() != AnswerTag::answers) throw_protocol("too few answers");
  for (Answer& answer : answers) {
    answer = static_cast<Answer>(answers_.byte());
    if (answer > kLastAnswer) throw_protocol("an unknown answer");
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

BasisFile ContentSender::read_place() {
  const BasisFile place = answered_places_.get(answers_);
  check_place(shared_, place);
  return place;
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
  const SentDraft draft = take_draft(name);
  const OfferedBlock& block = blocks_.at(name.block);
  const OfferedContent& content = block.contents[static_cast<size_t>(name.index)];
  const NewForm form(Slice(*block.layer, content.offset, content.size), draft.form, DeflateCheck::samples, space_);
  Concatenation holes;
  for (const DeltaHole& hole : draft.holes) holes.add(form.bytes(), hole.new_offset, hole.new_size);
  RunSink delta(contents_, limits::kDeltaRunBytes);
  put_delta(find_delta(Signature(signature), holes), {}, holes, delta);
  delta.end();
}

ContentSender::SentDraft ContentSender::take_draft(const Name& name) {
  const std::lock_guard lock(mutex_);
  auto draft = drafts_.extract(name);
  if (!draft) throw_protocol("a question about no draft");
  return std::move(draft.mapped());
}

void ContentSender::add_content(const Name& name, const OfferedBlock& block, const OfferedContent& content,
                                Answer answer) {
  const Slice bytes(*block.layer, content.offset, content.size);
  if (answer == Answer::have) return;
  if (content.plain) {
    const auto send = [=, this](Sink& sink) {
      put_data({bytes, FormKind::plain, DeflateCheck::samples, space_}, sink);
    };
    return add(send, bytes.size(), kLargestAhead + 1);
  }
  const auto similar = answer == Answer::patch ? std::optional(read_place()) : content.similar;
  // What was asked for has told its hash, so that it can be asked for again.
  const DeflateCheck check = content.claim == Claim::ask ? DeflateCheck::samples : DeflateCheck::every_part;
  if (answer != Answer::none && answer != Answer::patch) {
    auto signature = std::make_shared<Bytes>(answers_.run(limits::kSignatureBytes));
    const FormKind form = signed_form(answer);
    const uint64_t weight = bytes.size() + signature->size();
    add([=, this](Sink& sink) { write_delta(name, bytes, Signature(*signature), form, sink); }, bytes.size(), weight);
  } else if (!similar) {
    // What is only copied is not worth a copy in memory.
    const bool copied = form_to_try(bytes) == FormKind::plain;
    add([=, this](Sink& sink) { write_data(bytes, check, sink); }, bytes.size(),
        copied ? kLargestAhead + 1 : bytes.size());
  } else if (std::max(content.size, similar->size) <= kLargestBundled) {
    add_to_bundle(bytes, *similar);
  } else {
    MemorySink place;
    places_.put(place, *similar);
    add([=, this, told = place.bytes()](Sink& sink) { write_patched(bytes, *similar, told, check, sink); },
        bytes.size(), bytes.size() + similar->size);
  }
}

void ContentSender::add_to_bundle(const Slice& bytes, const BasisFile& old_place) {
  MemorySink head;
  put_tag(head, Method::bundled);
  places_.put(head, old_place);
  add([told = head.bytes()](Sink& sink) { sink.write(told); }, 0, 0);
  if (!bundle_) bundle_ = std::make_shared<Bundle>();
  bundle_->contents.emplace_back(bytes, old_place);
  bundle_->size.add(old_place.size, bytes.size());
  if (bundle_->size.full()) end_bundle();
}

void ContentSender::end_bundle() {
  const BundleSize size = bundle_->size;
  add([this, bundle = std::exchange(bundle_, nullptr)](Sink& sink) { write_rest(*bundle, sink); }, size.new_bytes,
      size.new_bytes + size.old_bytes);
}

void ContentSender::write_data(const Slice& bytes, DeflateCheck check, Sink& contents) {
  // Code packs better in parts, which pays on all but the fastest links.
  const bool is_code = form_to_try(bytes) == FormKind::code && !contents_.outruns_core();
  const FormKind of_archives = contents_.outruns_deflating() ? FormKind::plain : inflated_if_time();
  put_data(NewForm(bytes, is_code ? FormKind::code : of_archives, check, space_), contents);
}

void ContentSender::put_data(const NewForm& form, Sink& contents) {
  form.put_head(contents, Method::data);
  copy(form.bytes(), contents);
}

void ContentSender::write_delta(const Name& name, const Slice& bytes, const Signature& signature, FormKind signed_form,
                                Sink& contents) {
  // Inflating and, at the other end, deflating costs more than what it saves to a link that is faster than that.
  const bool has_time = signed_form != FormKind::inflated || inflated_if_time() == FormKind::inflated;
  const NewForm form(bytes, has_time ? signed_form : FormKind::plain, DeflateCheck::samples, space_);
  // Nothing of one form lies in another.
  if (form.kind() != signed_form) {
    const bool was_tried = form_to_try(bytes) == signed_form;
    return was_tried ? put_data(form, contents) : write_data(bytes, DeflateCheck::samples, contents);
  }
  const std::vector<DeltaPart> parts = find_delta(signature, form.bytes());
  std::vector<DeltaHole> holes;
  // A form that is deflated again is not made twice.
  if (signed_form != FormKind::inflated) holes = find_holes(parts, signature.block_bytes());
  form.put_head(contents, Method::delta);
  RunSink delta(contents, limits::kDeltaRunBytes);
  put_delta(parts, holes, form.bytes(), delta);
  delta.end();
  if (holes.empty()) return;
  const std::lock_guard lock(mutex_);
  drafts_.emplace(name, SentDraft{signed_form, std::move(holes)});
}

void ContentSender::write_patched(const Slice& bytes, const BasisFile& old_place, ByteView place, DeflateCheck check,
                                  Sink& contents) {
  const NewForm new_form(bytes, inflated_if_time(), check, space_);
  const OldForm old_form(shared_, old_place, new_form.kind(), space_);
  new_form.put_head(contents, Method::patch);
  contents.write(place);
  write_patch(old_form.bytes(), new_form.bytes(), contents);
}

void ContentSender::write_rest(const Bundle& bundle, Sink& contents) {
  std::deque<NewForm> new_forms;
  std::deque<OldForm> old_forms;
  Concatenation old_bytes, new_bytes;
  for (const auto& [bytes, old_place] : bundle.contents) {
    const NewForm& form = new_forms.emplace_back(bytes, inflated_if_time(), DeflateCheck::every_part, space_);
    form.put_in_bundle(contents);
    new_bytes.add(form.bytes());
    old_bytes.add(old_forms.emplace_back(shared_, old_place, form.kind(), space_).bytes());
  }
  write_patch(old_bytes, new_bytes, contents);
}

FormKind ContentSender::inflated_if_time() { return contents_.leaves_time() ? FormKind::inflated : FormKind::plain; }

void ContentSender::write_patch(const RandomAccess& old_bytes, const RandomAccess& new_bytes, Sink& contents) {
  const Pace::PatchWork work = contents_.patch_work();
  RunSink patch(contents, limits::kDeltaRunBytes);
  make_patch(old_bytes, new_bytes, work.level, work.strong ? PatchEffort::strong : PatchEffort::fast, patch);
  patch.end();
}

}  // namespace docker_sync
