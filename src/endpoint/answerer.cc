// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/answerer.h"

#include <algorithm>
#include <utility>

#include "delta/signature.h"
#include "wire/limits.h"

namespace docker_sync {

Answerer::Answerer(Sink& answers, const SpoolSpace& space, const Basis& basis, uint64_t link, SignatureBudget& budget,
                   Lead& lead, Queue<Unfinished>& unfinished, Queue<WantedBlock>& wanted)
    : answers_(answers),
      space_(space),
      basis_(basis),
      link_(link),
      budget_(budget),
      lead_(lead),
      unfinished_(unfinished),
      wanted_(wanted) {}

void Answerer::put_groups(std::vector<bool> shared) {
  shared_ = std::move(shared);
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
    put_integer(answers_, told[layer]);
    const std::vector<ShortHash>& names = basis_.group_names(static_cast<uint32_t>(layer));
    for (size_t i = 0; i < told[layer]; ++i) put_fixed64(answers_, names[i]);
  }
}

void Answerer::answer(AskedBlock block) {
  std::vector<Answer> given;
  MemorySink more;
  for (const auto& asked : block.asked) {
    given.push_back(asked ? choose(block.contents[*asked], more) : Answer::have);
  }
  if (!given.empty()) ask_further_all();  // The order of answers is the order of contents.
  if (!given.empty() || !block.contents.empty()) want({std::move(block.contents), false, nullptr, nullptr});
  if (given.empty()) return;
  put_tag(answers_, AnswerTag::answers);
  for (const Answer answer : given) put_tag(answers_, answer);
  answers_.write(more.bytes());
  budget_.sent();
}

void Answerer::want(WantedBlock block) {
  uint64_t bytes = 0;
  for (const Wanted& content : block.contents) bytes += content.size;
  lead_.answered(bytes);
  wanted_.push(std::move(block));
}

Answer Answerer::choose(Wanted& content, Sink& more) {
  const auto similar = std::exchange(content.similar, std::nullopt);
  if (!similar) return Answer::none;
  if (shared_.at(similar->layer)) {
    // It needs no signature, and need not look for it.
    places_.put(more, *similar);
    return Answer::patch;
  }
  const Slice old_content(basis_.tar(similar->layer), similar->offset, similar->size);
  const OldForm form(basis_, *similar, form_to_sign(old_content, link_), space_);
  const uint64_t old_size = form.bytes().size(), new_size = form.likely_size(content.size);
  if (!signature_pays(old_size, new_size)) return Answer::none;
  const SignatureShape shape = signature_shape(old_size, new_size);
  if (!budget_.take(signature_size(old_size, shape), new_size)) return Answer::none;
  content.similar = similar;
  content.signed_form = form.kind();
  put_run(more, make_signature(form.bytes(), shape));
  return answer_with(form.kind());
}

void Answerer::take_elsewhere(std::vector<Wanted> contents, std::unique_ptr<const Basis> elsewhere) {
  // Nothing of it comes, so it may stand anywhere among what does.
  want({std::move(contents), false, nullptr, std::move(elsewhere)});
}

void Answerer::ask_further(Unfinished unfinished) {
  const Draft* draft = unfinished.draft.get();
  put_tag(answers_, draft != nullptr ? AnswerTag::refine : AnswerTag::again);
  put_integer(answers_, unfinished.wanted.block);
  put_integer(answers_, unfinished.wanted.index);
  if (draft != nullptr) {
    const RandomAccess& basis = draft->basis_of_holes();
    put_run(answers_, make_signature(basis, refined_shape(basis.size(), draft->holes())));
  }
  want({{unfinished.wanted}, true, std::move(unfinished.draft), nullptr});
}

void Answerer::ask_further_all() {
  while (auto unfinished = unfinished_.try_pop()) ask_further(std::move(*unfinished));
}

void Answerer::end() { put_tag(answers_, AnswerTag::end); }

}  // namespace docker_sync
