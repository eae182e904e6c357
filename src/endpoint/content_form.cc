// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/content_form.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "delta/code_form.h"
#include "delta/inflated_form.h"
#include "delta/part_finder.h"
#include "wire/limits.h"
#include "wire/pace.h"

namespace docker_sync {

namespace {

// In the byte that says how a content travels, above the method.
constexpr int kKindShift = 6;

FormKind to_kind(unsigned number) {
  if (number > static_cast<unsigned>(FormKind::code)) throw_protocol("a content in an unknown form");
  return static_cast<FormKind>(number);
}

uint64_t most_form_bytes(FormKind kind, uint64_t content_size) {
  return kind == FormKind::inflated ? most_inflated_bytes(content_size) : 2 * content_size;
}

FormHead read_recipe(RecordReader& contents, Method method, FormKind kind, uint64_t content_size) {
  FormHead head{method, kind, content_size, {}};
  if (kind != FormKind::plain) {
    head.form_size = contents.integer(most_form_bytes(kind, content_size));
    head.recipe = contents.run(limits::kRecipeBytes);
  }
  return head;
}

}  // namespace

FormKind form_to_try(const RandomAccess& content) {
  std::array<uint8_t, kCodeMagicBytes> first;
  if (content.size() < first.size()) return FormKind::plain;
  content.read_at(0, first);
  if (may_have_inflated_form(first)) return FormKind::inflated;
  return may_have_code_form(first) ? FormKind::code : FormKind::plain;
}

FormKind form_to_sign(const RandomAccess& old_content, uint64_t bytes_per_second) {
  if (bytes_per_second >= kFastLink) return FormKind::plain;
  const FormKind kind = form_to_try(old_content);
  if (kind != FormKind::inflated || bytes_per_second < kOutrunsDeflating) return kind;
  std::array<uint8_t, 4> first;
  old_content.read_at(0, first);
  return is_gzip(first) ? kind : FormKind::plain;
}

NewForm::NewForm(const Slice& content, FormKind wanted, DeflateCheck check, const SpoolSpace& space)
    : content_(content) {
  if (wanted == FormKind::plain || wanted != form_to_try(content)) return;
  if (wanted == FormKind::inflated) {
    if (auto inflated = inflate_exactly(content, check, space)) {
      form_ = std::move(inflated->form);
      recipe_ = std::move(inflated->recipe);
    }
  } else if (auto code = take_code_apart(content, space)) {
    form_ = std::move(code->form);
    recipe_ = std::move(code->recipe);
  }
  if (form_) kind_ = wanted;
}

const RandomAccess& NewForm::bytes() const {
  if (form_) return *form_;
  return content_;
}

void NewForm::put_head(Sink& contents, Method method) const {
  put_tag(contents, static_cast<uint8_t>(static_cast<unsigned>(method) | static_cast<unsigned>(kind_) << kKindShift));
  put_recipe(contents);
}

void NewForm::put_in_bundle(Sink& contents) const {
  put_tag(contents, kind_);
  put_recipe(contents);
}

void NewForm::put_recipe(Sink& contents) const {
  if (!form_) return;
  put_integer(contents, form_->size());
  put_run(contents, recipe_);
}

OldForm::OldForm(const Basis& basis, const BasisFile& place, FormKind wanted, const SpoolSpace& space)
    : content_(basis.tar(place.layer), place.offset, place.size) {
  if (wanted == FormKind::plain || wanted != form_to_try(content_)) return;
  if (wanted == FormKind::inflated) {
    form_ = inflate_all(content_, space);
  } else if (auto code = take_code_apart(content_, space)) {
    form_ = std::move(code->form);
  }
  if (form_) kind_ = wanted;
}

uint64_t OldForm::likely_size(uint64_t new_content_size) const {
  return kind_ == FormKind::inflated ? std::max(form_->size(), new_content_size) : new_content_size;
}

const RandomAccess& OldForm::bytes() const {
  if (form_) return *form_;
  return content_;
}

FormHead FormHead::read(RecordReader& contents, uint64_t content_size) {
  const uint8_t byte = contents.byte();
  const auto method = static_cast<Method>(byte & ((1 << kKindShift) - 1));
  const FormKind kind = to_kind(byte >> kKindShift);
  if (method > Method::delta || (method == Method::bundled && kind != FormKind::plain)) {
    throw_protocol("a content that comes in an unknown way");
  }
  return read_recipe(contents, method, kind, content_size);
}

FormHead FormHead::read_in_bundle(RecordReader& contents, uint64_t content_size) {
  return read_recipe(contents, Method::bundled, to_kind(contents.byte()), content_size);
}

void FormHead::make_content(const RandomAccess& form, uint64_t content_size, Sink& content) const {
  SequentialReader reader(form);
  switch (kind) {
    case FormKind::plain:
      return copy(form, content);
    case FormKind::inflated:
      return deflate_again(recipe, reader, content_size, content);
    case FormKind::code:
      return put_code_together(recipe, form, content_size, content);
  }
}

}  // namespace docker_sync
