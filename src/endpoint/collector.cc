// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/collector.h"

#include <deque>
#include <utility>

#include "base/concatenation.h"
#include "base/error.h"
#include "delta/delta_parts.h"
#include "delta/patch.h"
#include "delta/scratch.h"
#include "wire/limits.h"

namespace docker_sync {

namespace {

/// Hashes what goes into a spool, and tells how much that is.
class HashedSpool : public Sink {
 public:
  HashedSpool(Spool& spool, const std::function<void(uint64_t)>& tell) : spool_(&spool), tell_(&tell) {}
  void write(ByteView bytes) override {
    hasher_.write(bytes);
    spool_->write(bytes);
    written_ += bytes.size();
    (*tell_)(written_);
  }
  [[nodiscard]] ContentHash finish() { return hasher_.finish(); }

 private:
  Spool* spool_;
  const std::function<void(uint64_t)>* tell_;
  ContentHasher hasher_;
  uint64_t written_ = 0;
};

}  // namespace

Collector::Collector(RecordReader& contents, const SpoolFolder& folder, const Basis& basis, ArrivedContents& arrived,
                     Outcome outcome)
    : contents_(contents), folder_(folder), basis_(basis), arrived_(arrived), outcome_(std::move(outcome)) {}

void Collector::collect(const WantedBlock& block) {
  if (block.draft) {
    const Wanted& wanted = block.contents.at(0);
    return take_form(wanted, block.draft->head(),
                     [&](Sink& form) { take_runs([&](Source& delta) { block.draft->complete(delta, form); }); });
  }
  if (block.further) return collect_again(block.contents.at(0));
  if (block.elsewhere) {
    for (const Wanted& wanted : block.contents) collect_elsewhere(*block.elsewhere, wanted);
    return;
  }
  for (const Wanted& wanted : block.contents) collect_one(wanted);
  if (!bundle_.contents.empty()) end_bundle();
}

void Collector::collect_one(const Wanted& wanted) {
  const FormHead head = FormHead::read(contents_, wanted.size);
  // A signature of a form is of no use for a content that has none.
  if (wanted.similar && head.method == Method::data) outcome_.delta_came(wanted, wanted.size);
  switch (head.method) {
    case Method::data:
      return take_form(wanted, head, [&](Sink& form) { contents_.copy_to(form, head.form_size); });
    case Method::patch: {
      const OldForm old_form(basis_, read_place(), head.kind, folder_);
      return take_form(wanted, head, [&](Sink& form) {
        take_runs([&](Source& patch) { apply_patch(old_form.bytes(), patch, form, head.form_size); });
      });
    }
    case Method::bundled:
      return add_to_bundle(wanted);
    case Method::rsync:
      return collect_delta(wanted, head);
    case Method::draft:
      return collect_draft(wanted, head);
  }
}

void Collector::collect_again(const Wanted& wanted) {
  take_form(wanted, {}, [&](Sink& content) { contents_.copy_to(content, wanted.size); });
}

void Collector::collect_elsewhere(const Basis& elsewhere, const Wanted& wanted) {
  const auto place = elsewhere.index().find(wanted.hash.value(), wanted.size);
  if (!place) return outcome_.unfinished({wanted, nullptr});
  // Like a patch, and unlike data, it may turn out wrong: indexes come from a cache.
  FormHead head;
  head.method = Method::patch;
  take_form(wanted, head,
            [&](Sink& content) { copy(Slice(elsewhere.tar(place->layer), place->offset, place->size), content); });
}

void Collector::collect_delta(const Wanted& wanted, const FormHead& head) {
  const OldForm old_form = signed_old_form(wanted, head);
  const uint64_t begin = contents_.position();
  take_form(wanted, head, [&](Sink& form) {
    take_runs([&](Source& delta) { apply_delta(old_form.bytes(), delta, form, head.form_size); });
    outcome_.delta_came(wanted, contents_.position() - begin);
  });
}

void Collector::collect_draft(const Wanted& wanted, const FormHead& head) {
  const uint64_t begin = contents_.position();
  auto draft = std::make_shared<Draft>(folder_, signed_old_form(wanted, head), head);
  take_runs([&](Source& delta) { draft->read(delta); });
  outcome_.delta_came(wanted, contents_.position() - begin);
  outcome_.unfinished({wanted, std::move(draft)});
}

OldForm Collector::signed_old_form(const Wanted& wanted, const FormHead& head) const {
  if (!wanted.similar || head.kind != wanted.signed_form) throw_protocol("a delta without a signature");
  return {basis_, *wanted.similar, head.kind, folder_};
}

void Collector::add_to_bundle(const Wanted& wanted) {
  const BasisFile old_place = read_place();
  bundle_.contents.emplace_back(wanted, old_place);
  bundle_.size.add(old_place.size, wanted.size);
  if (bundle_.size.full()) end_bundle();
}

void Collector::end_bundle() {
  const Bundle bundle = std::exchange(bundle_, {});
  std::vector<FormHead> heads;
  std::deque<OldForm> old_forms;
  Concatenation old_bytes;
  uint64_t new_size = 0;
  for (const auto& [wanted, old_place] : bundle.contents) {
    const FormHead& head = heads.emplace_back(FormHead::read_in_bundle(contents_, wanted.size));
    old_bytes.add(old_forms.emplace_back(basis_, old_place, head.kind, folder_).bytes());
    new_size += head.form_size;
  }
  Scratch forms(folder_);
  take_runs([&](Source& patch) { apply_patch(old_bytes, patch, forms, new_size); });
  forms.flush();
  uint64_t offset = 0;
  for (size_t i = 0; i < heads.size(); ++i) {
    const Slice form(forms, offset, heads[i].form_size);
    take_form(bundle.contents[i].first, heads[i], [&](Sink& sink) { copy(form, sink); });
    offset += heads[i].form_size;
  }
}

void Collector::take_form(const Wanted& wanted, const FormHead& head, const std::function<void(Sink&)>& make) {
  const uint64_t offset = arrived_.spool().size();
  HashedSpool content(arrived_.spool(), outcome_.progress);
  if (head.kind == FormKind::plain) {
    make(content);
  } else {
    Scratch form(folder_);
    make(form);
    form.flush();
    head.make_content(form, wanted.size, content);
  }
  const ContentHash hash = content.finish();
  if (wanted.hash && short_hash(hash) != *wanted.hash) {
    if (head.method != Method::data || head.kind != FormKind::plain) return outcome_.unfinished({wanted, nullptr});
    throw Error(ExitCode::verification, "a file of the image arrived with another hash than it was offered with",
                "try again; the source's disk or memory may be damaged");
  }
  arrived_.arrived(wanted.number, offset);
  outcome_.arrived(wanted);
}

void Collector::take_runs(const std::function<void(Source&)>& read) {
  RunSource runs(contents_, limits::kDeltaRunBytes);
  read(runs);
  runs.drain();
}

BasisFile Collector::read_place() {
  const BasisFile place = places_.get(contents_);
  check_place(basis_, place);
  return place;
}

}  // namespace docker_sync
