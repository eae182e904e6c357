// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/collector.h"

#include <deque>
#include <utility>

#include "base/concatenation.h"
#include "base/error.h"
#include "base/spool.h"
#include "delta/delta_parts.h"
#include "delta/patch.h"
#include "delta/signature.h"
#include "wire/limits.h"

namespace docker_sync {

namespace {

/// Hashes what goes to a sink, and tells how much that is.
class HashedSink : public Sink {
 public:
  HashedSink(Sink& below, const std::function<void(uint64_t)>& tell) : below_(&below), tell_(&tell) {}
  void write(ByteView bytes) override {
    hasher_.write(bytes);
    below_->write(bytes);
    written_ += bytes.size();
    (*tell_)(written_);
  }
  [[nodiscard]] ContentHash finish() { return hasher_.finish(); }

 private:
  Sink* below_;
  const std::function<void(uint64_t)>* tell_;
  ContentHasher hasher_;
  uint64_t written_ = 0;
};

/// Nothing was made of it here: if it is not right, then it was not at the source.
bool cannot_come_again(const FormHead& head) { return head.method == Method::data && head.kind == FormKind::plain; }

}  // namespace

Collector::Collector(RecordReader& contents, const SpoolSpace& space, const Basis& basis, ArrivedContents& arrived,
                     Outcome outcome)
    : contents_(contents), space_(space), basis_(basis), arrived_(arrived), outcome_(std::move(outcome)) {}

void Collector::collect(const WantedBlock& block) {
  if (block.draft) {
    take_runs([&](Source& delta) { block.draft->fill(delta); });
    return take_draft(block.contents.at(0), block.draft);
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
      const OldForm old_form(basis_, read_place(), head.kind, space_);
      return take_form(wanted, head, [&](Sink& form) {
        take_runs([&](Source& patch) { apply_patch(old_form.bytes(), patch, form, head.form_size); });
      });
    }
    case Method::bundled:
      return add_to_bundle(wanted);
    case Method::delta:
      return collect_delta(wanted, head);
  }
}

void Collector::collect_again(const Wanted& wanted) {
  take_form(wanted, {}, [&](Sink& content) { contents_.copy_to(content, wanted.size); });
}

void Collector::collect_elsewhere(const Basis& elsewhere, const Wanted& wanted) {
  const auto place = elsewhere.find(wanted.hash.value(), wanted.size);
  if (!place) return outcome_.unfinished({wanted, nullptr});
  // Like a patch, and unlike data, it may turn out wrong: indexes come from a cache.
  FormHead head;
  head.method = Method::patch;
  take_form(wanted, head,
            [&](Sink& content) { copy(Slice(elsewhere.tar(place->layer), place->offset, place->size), content); });
}

void Collector::collect_delta(const Wanted& wanted, const FormHead& head) {
  const uint64_t begin = contents_.position();
  auto draft = std::make_shared<Draft>(space_, signed_old_form(wanted, head), head);
  take_runs([&](Source& delta) { draft->read(delta); });
  outcome_.delta_came(wanted, contents_.position() - begin);
  if (draft->holes() > 0) return outcome_.unfinished({wanted, std::move(draft)});
  take_draft(wanted, std::move(draft));
}

void Collector::take_draft(const Wanted& wanted, std::shared_ptr<const Draft> draft) {
  const FormHead& head = draft->head();
  if (head.kind != FormKind::plain || wanted.size < kLargeDelta) {
    return take_made(wanted, head, draft->form());
  }
  // It is not read twice, and the engine gets it at once.
  const RandomAccess* bytes = &draft->form();
  arrived_.arrived(wanted.number, {std::move(draft), bytes});
  outcome_.arrived(wanted);
}

OldForm Collector::signed_old_form(const Wanted& wanted, const FormHead& head) const {
  if (!wanted.similar || head.kind != wanted.signed_form) throw_protocol("a delta without a signature");
  return {basis_, *wanted.similar, head.kind, space_};
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
    old_bytes.add(old_forms.emplace_back(basis_, old_place, head.kind, space_).bytes());
    new_size += head.form_size;
  }
  Spool forms(space_);
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
  if (head.kind == FormKind::plain) return take_content(wanted, head, make);
  Spool form(space_);
  make(form);
  form.flush();
  take_made(wanted, head, form);
}

void Collector::take_made(const Wanted& wanted, const FormHead& head, const RandomAccess& form) {
  take_content(wanted, head, [&](Sink& content) {
    try {
      head.make_content(form, wanted.size, content);
    } catch (const Error& error) {
      // An archive of which the source has tried samples may become another one, of another size. Its hash will tell.
      const bool was_guessed = head.kind == FormKind::inflated && wanted.hash && error.code() == ExitCode::protocol;
      if (!was_guessed) throw;
    }
  });
}

void Collector::take_content(const Wanted& wanted, const FormHead& head, const std::function<void(Sink&)>& make) {
  using HandOn = ArrivedContents::HandOn;
  const HandOn hand_on = cannot_come_again(head) ? HandOn::as_it_comes : HandOn::when_right;
  HashedSink content(arrived_.begin(wanted.number, wanted.size, hand_on), outcome_.progress);
  make(content);
  if (!is_right(wanted, head, content.finish())) return;
  arrived_.arrived(wanted.number);
  outcome_.arrived(wanted);
}

bool Collector::is_right(const Wanted& wanted, const FormHead& head, const ContentHash& hash) {
  if (!wanted.hash || short_hash(hash) == *wanted.hash) return true;
  if (cannot_come_again(head)) {
    throw Error(ExitCode::verification, "a file of the image arrived with another hash than it was offered with",
                "try again; the source's disk or memory may be damaged");
  }
  outcome_.unfinished({wanted, nullptr});
  return false;
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
