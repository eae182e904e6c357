// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/content_form.h"

#include <array>

#include "base/error.h"
#include "wire/limits.h"

namespace docker_sync {

namespace {

constexpr uint8_t kInflated = 0x80;

FormHead read_recipe(RecordReader& contents, Method method, bool inflated, uint64_t content_size) {
  FormHead head{method, inflated, content_size, {}};
  if (inflated) {
    head.form_size = contents.integer(most_inflated_bytes(content_size));
    head.recipe = contents.run(limits::kRecipeBytes);
  }
  return head;
}

}  // namespace

bool looks_deflated(const RandomAccess& content) {
  std::array<uint8_t, 4> first;
  if (content.size() < first.size()) return false;
  content.read_at(0, first);
  return may_have_inflated_form(first);
}

NewForm::NewForm(const Slice& content, bool inflate, const SpoolFolder& folder) : content_(content) {
  if (inflate && looks_deflated(content)) inflated_ = inflate_exactly(content, folder);
}

const RandomAccess& NewForm::bytes() const {
  if (inflated_) return *inflated_->form;
  return content_;
}

void NewForm::put_head(Sink& contents, Method method) const {
  put_tag(contents, static_cast<uint8_t>(static_cast<uint8_t>(method) | (inflated_ ? kInflated : 0)));
  put_recipe(contents);
}

void NewForm::put_in_bundle(Sink& contents) const {
  put_tag(contents, static_cast<uint8_t>(is_inflated()));
  put_recipe(contents);
}

void NewForm::put_recipe(Sink& contents) const {
  if (!inflated_) return;
  put_integer(contents, inflated_->form->size());
  put_run(contents, inflated_->recipe);
}

OldForm::OldForm(const Basis& basis, const BasisFile& place, bool inflate, const SpoolFolder& folder)
    : content_(basis.tar(place.layer), place.offset, place.size) {
  if (inflate && looks_deflated(content_)) inflated_ = inflate_all(content_, folder);
}

const RandomAccess& OldForm::bytes() const {
  if (inflated_) return *inflated_;
  return content_;
}

FormHead FormHead::read(RecordReader& contents, uint64_t content_size) {
  const uint8_t byte = contents.byte();
  const auto method = static_cast<Method>(byte & ~kInflated);
  const bool inflated = (byte & kInflated) != 0;
  if (method > Method::draft || (method == Method::bundled && inflated)) {
    throw_protocol("a content that comes in an unknown way");
  }
  return read_recipe(contents, method, inflated, content_size);
}

FormHead FormHead::read_in_bundle(RecordReader& contents, uint64_t content_size) {
  return read_recipe(contents, Method::bundled, contents.byte() != 0, content_size);
}

}  // namespace docker_sync
